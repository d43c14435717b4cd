//! What is tested of ledgers.
