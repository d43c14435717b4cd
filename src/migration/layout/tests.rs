//! What is tested of layouts.
