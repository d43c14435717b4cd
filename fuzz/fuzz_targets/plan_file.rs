//! Any text as a plan file: what is read says what the text says; any plan, however odd, can be drawn and kept.

#![no_main]

mod drawn;

use libfuzzer_sys::fuzz_target;
use omni::apply::Frontier;
use omni::plan::{Plan, PlanFile};

fuzz_target!(|text: &str| {
    if let Ok(file) = PlanFile::read("plan.json", text) {
        let bare = |text: &str| text.replace([' ', '\n', '\r', '\t'], "");
        assert_eq!(bare(&file.to_text()), bare(text), "another plan was read");
    }
    // Behind the seal, which no fuzzer finds.
    let Ok(plan) = serde_json::from_str::<Plan>(text) else { return };
    drawn::plan(&plan);
    if !plan.is_sound() {
        return;
    }
    let frontier = Frontier::new(&plan);
    let _ = (frontier.ready().count(), frontier.outcome(), plan.moved(&plan));
    let file = PlanFile::new(plan, jiff::Timestamp::UNIX_EPOCH, &[], &[], drawn::written());
    let read = PlanFile::read("plan.json", &file.to_text()).expect("a plan that was written can be read");
    assert_eq!(read, file);
});
