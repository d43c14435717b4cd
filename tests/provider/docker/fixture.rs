//! The only program in the contract's image on a real engine: it does what `Does` says.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(code: i32) -> !;
}

extern "C" fn end(_: i32) {
    unsafe { _exit(0) }
}

fn main() {
    // As process 1 it would not hear a signal that it has no handler for.
    unsafe { signal(15, end) };
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve"] => {
            say("\u{1b}[32mserving\u{1b}[0m");
            std::thread::sleep(Duration::from_millis(120));
            std::fs::write("/ready", "").expect("a file");
            sleep();
        }
        ["never"] => {
            let password = std::env::var("PASSWORD").unwrap_or_default();
            say(&format!("\u{1b}[31mKeyError: 'email_verified' (password {password})"));
            sleep();
        }
        ["end", code] => {
            say(&format!("ending with {code}"));
            std::thread::sleep(Duration::from_millis(40));
            std::process::exit(code.parse().expect("a code"));
        }
        ["check"] => std::process::exit(i32::from(!Path::new("/ready").exists())),
        _ => std::process::exit(64),
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}

fn sleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}
