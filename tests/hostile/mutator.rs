//! `Mutator`: valid specs turned into malformed ones, the same ones for the same seed.

use std::collections::BTreeMap;
use std::path::Path;

/// Characters that hide, reorder or rewrite, and some that only look odd.
const ODD: [&str; 16] = [
    "\0",
    "\u{1b}[2J",
    "\u{1b}]0;x\u{7}",
    "\u{7}",
    "\r",
    "\u{9b}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{2028}",
    "\u{e0041}",
    "ї",
    "𝓪",
];

/// The same as TOML writes them inside of a text.
const ESCAPED: [&str; 8] = ["\\u0000", "\\u001b[31m", "\\u202e", "\\u200b", "\\n", "\\r", "\\U000E0041", "\\ud800"];

/// Values of every type, and of none.
const VALUES: [&str; 30] = [
    "",
    "1",
    "-1",
    "0",
    "\"\"",
    "''",
    "\"x\"",
    "true",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "{ a = {} }",
    "[1, \"a\"]",
    "1.5",
    "-0.0",
    "inf",
    "nan",
    "1e400",
    "99999999999999999999",
    "-9223372036854775808",
    "0x7fffffffffffffff",
    "0b102",
    "1979-05-27",
    "07:32:00",
    "\"\"\"",
    "'''",
    "\\",
    "\"18446744073709551615s\"",
    "\"1e999GiB\"",
];

const PATHS: [&str; 20] = [
    "../x",
    "a/../../x",
    "./..",
    "..",
    "/etc/passwd",
    "//etc",
    "~",
    "~root/.ssh",
    "C:\\\\x",
    "c:/x",
    "..\\\\x",
    "a\\\\..\\\\..\\\\x",
    "/proc/self/environ",
    "/proc/self/root/etc",
    "/dev/zero",
    "/dev/fd/0",
    "file:///etc/passwd",
    "a/./../../b",
    "./a/%2e%2e/x",
    "....//x",
];

const HOLES: [&str; 20] = [
    "${A}",
    "${A",
    "${",
    "$",
    "$$",
    "$$$",
    "${}",
    "${A:-${B:-${C}}}",
    "${A:-",
    "${A:?\\u001b[31m}",
    "${A:?x",
    "${A-}",
    "${A:+x}",
    "${ A }",
    "${1A}",
    "${A}${B}${A}",
    "$A",
    "${\\u202eA}",
    "${A:-}}}",
    "${${A}}",
];

/// What variables hold: holes, TOML, JSON, a shell, control characters. None of it may become anything but a text.
const HELD: [&str; 8] = [
    "${X}",
    "\"]\n[services.evil]\nimage = \"evil\"",
    "\", \"privileged\": true, \"x\": \"",
    "$(rm -rf /); `id`",
    "",
    "\u{1b}[31m\u{202e}",
    "../../etc/passwd",
    "1",
];

/// A sequence of numbers that looks random and is the same for the same seed (`SplitMix64`).
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64, turn: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a length fits into 64 bits");
        usize::try_from(self.next() % end).expect("it is below a length")
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Turns valid specs into malformed ones.
pub(crate) struct Mutator {
    corpus: Vec<String>,
}

impl Mutator {
    /// With every spec of this project that is valid.
    pub(crate) fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> = std::fs::read_dir(root.join("tests/specs/valid"))
            .expect("the corpus is there")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.extend(["deploy.toml", "examples/hello/deploy.toml", "examples/shop/deploy.toml"].map(|p| root.join(p)));
        paths.sort();
        let corpus = paths.iter().map(|path| std::fs::read_to_string(path).expect("a spec is text")).collect();
        Self { corpus }
    }

    /// The spec of this turn.
    pub(crate) fn spec(&self, seed: u64, turn: u64) -> String {
        let mut dice = Dice::new(seed, turn);
        let mut text = dice.one(&self.corpus).clone();
        for _ in 0..=dice.below(6).saturating_sub(3) {
            text = self.once(&text, &mut dice);
        }
        text
    }

    /// Values for every variable that a text may use.
    pub(crate) fn variables(text: &str, seed: u64, turn: u64) -> BTreeMap<String, String> {
        let mut dice = Dice::new(seed, turn ^ (1 << 40));
        let names = text.split("${").skip(1).map(|rest| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
        });
        names
            .filter(|name| !name.is_empty())
            .map(|name| {
                (
                    name,
                    if dice.below(4) == 0 {
                        *dice.one(&HELD)
                    } else {
                        "https://a.example/0123456789abcdef0123456789abcdef="
                    }
                    .to_owned(),
                )
            })
            .collect()
    }

    fn once(&self, text: &str, dice: &mut Dice) -> String {
        match dice.below(18) {
            0 => flipped(text, dice),
            1 => swapped(text, dice),
            2 => lines(text, dice, |lines, at, dice| lines.insert(dice.below(lines.len()), lines[at].clone())),
            3 => lines(text, dice, |lines, at, _| drop(lines.remove(at))),
            4 => lines(text, dice, |lines, at, dice| lines[at] = near(&lines[at], dice)),
            5 => valued(text, dice, |dice| (*dice.one(&VALUES)).to_owned()),
            6 => numbered(text, dice),
            7 => deeper(text, dice),
            8 => {
                let odd = *dice.one(&ODD);
                inserted(text, odd, dice)
            }
            9 => valued(text, dice, |dice| format!("\"a{}b\"", dice.one(&ESCAPED))),
            10 => lines(text, dice, twin),
            11 => format!("{text}\n{}", circle(dice)),
            12 => format!("{text}\n{}", collision(dice)),
            13 => valued(text, dice, |dice| format!("\"{}\"", dice.one(&PATHS))),
            14 => format!("{text}\n{}", traversal(dice)),
            15 => valued(text, dice, |dice| format!("\"{}\"", dice.one(&HOLES))),
            16 => {
                let other = dice.one(&self.corpus).clone();
                let (cut, start) = (boundary(text, dice), boundary(&other, dice));
                format!("{}{}", &text[..cut], &other[start..])
            }
            _ => whole(text, dice),
        }
    }
}

fn boundary(text: &str, dice: &mut Dice) -> usize {
    text.floor_char_boundary(dice.below(text.len() + 1))
}

fn flipped(text: &str, dice: &mut Dice) -> String {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.is_empty() {
        return "\u{0}".to_owned();
    }
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn swapped(text: &str, dice: &mut Dice) -> String {
    let mut tokens: Vec<&str> = text.split_inclusive([' ', '\n', '=', ',', '[', ']', '{', '}', '.', '"']).collect();
    let (one, other) = (dice.below(tokens.len()), dice.below(tokens.len()));
    if !tokens.is_empty() {
        tokens.swap(one, other);
    }
    tokens.concat()
}

fn lines(text: &str, dice: &mut Dice, change: impl Fn(&mut Vec<String>, usize, &mut Dice)) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if !lines.is_empty() {
        let at = dice.below(lines.len());
        change(&mut lines, at, dice);
    }
    lines.join("\n") + "\n"
}

/// A line with its first word misspelt.
fn near(line: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = line.chars().collect();
    let end = letters.iter().position(|c| matches!(c, '=' | ' ')).unwrap_or(letters.len());
    let at = dice.below(end);
    if end == 0 {
        return line.to_owned();
    }
    match dice.below(5) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters[at] = letters[at].to_ascii_uppercase(),
        3 => letters[at] = 'е',
        _ => letters.swap(at, end - 1),
    }
    letters.into_iter().collect()
}

/// One value replaced.
fn valued(text: &str, dice: &mut Dice, value: impl Fn(&mut Dice) -> String) -> String {
    let places: Vec<_> = text.match_indices(" = ").map(|(at, _)| at + 3).collect();
    if places.is_empty() {
        return text.to_owned() + &value(dice);
    }
    let start = *dice.one(&places);
    let end = start + text[start..].find([',', '\n', '}']).unwrap_or(text.len() - start);
    format!("{}{}{}", &text[..start], value(dice), &text[end..])
}

fn numbered(text: &str, dice: &mut Dice) -> String {
    let places: Vec<_> = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
    if places.is_empty() {
        return format!("{text}9");
    }
    let at = *dice.one(&places);
    let number = ["-", "999999999999", "9223372036854775808", "0", "00", "0x", "+", "1_", "٣"];
    format!("{}{}{}", &text[..at], dice.one(&number), &text[at + usize::from(dice.below(2) == 0)..])
}

fn deeper(text: &str, dice: &mut Dice) -> String {
    let depth = 1 + dice.below(400);
    let key = *dice.one(&["x-deep", "deep", "environment", "command", "services"]);
    let more = match dice.below(5) {
        0 => format!("{key} = {}{}", "[".repeat(depth), "]".repeat(depth)),
        1 => format!("{key} = {}1{}", "{ a = ".repeat(depth), " }".repeat(depth)),
        2 => format!("[{key}{}]", ".a".repeat(depth)),
        3 => format!("{key} = {}", "[".repeat(depth)),
        _ => format!("{key} = \"{}{}\"", "${A:-".repeat(depth), "}".repeat(depth)),
    };
    if dice.below(2) == 0 { format!("{more}\n{text}") } else { format!("{text}\n{more}\n") }
}

fn inserted(text: &str, odd: &str, dice: &mut Dice) -> String {
    let at = boundary(text, dice);
    format!("{}{odd}{}", &text[..at], &text[at..])
}

/// The same line once more, spelt in another case or quoted.
fn twin(lines: &mut Vec<String>, at: usize, dice: &mut Dice) {
    let line = lines[at].clone();
    let other = match (line.split_once(" = "), dice.below(3)) {
        (Some((key, value)), 0) => format!("\"{key}\" = {value}"),
        (Some((key, value)), 1) => format!("{} = {value}", key.to_uppercase()),
        (Some((key, value)), _) => format!("{key}.{key} = {value}"),
        (None, _) => line.to_uppercase(),
    };
    lines.insert(at + 1, other);
}

fn circle(dice: &mut Dice) -> String {
    let length = 1 + dice.below(12);
    let service = |at: usize| {
        let next = (at + 1) % length;
        format!("[services.ring{at}]\nimage = \"a:1\"\ndepends_on = [\"ring{next}\"]\n")
    };
    (0..length).map(service).collect()
}

fn collision(dice: &mut Dice) -> String {
    let name =
        *dice.one(&["web", "db", "default", "a-b", "A", "\"a.b\"", "a_b", "\"\"", "x-web", "\"we\\u0062\"", "ß"]);
    let kinds = ["services", "jobs", "networks", "volumes", "env", "environments"];
    let (one, other) = (*dice.one(&kinds), *dice.one(&kinds));
    format!("[{one}.{name}]\nimage = \"a:1\"\n[{other}.{name}]\nimage = \"a:1\"\ncontainer_name = \"x\"\n")
}

fn traversal(dice: &mut Dice) -> String {
    let path = *dice.one(&PATHS);
    let line = match dice.below(6) {
        0 => format!("build = \"{path}\""),
        1 => format!("build = {{ context = \".\", dockerfile = \"{path}\" }}"),
        2 => format!("env_files = [\"{path}\"]"),
        3 => format!("configs.\"/etc/x\" = {{ source = \"{path}\" }}"),
        4 => format!("configs.\"{path}\" = {{ source = \"x\" }}"),
        _ => format!("volumes = [\"{path}:/x\", \"x:{path}\"]"),
    };
    format!("[services.stranger]\n{line}\n")
}

/// What concerns the whole text: its end, its line ends, its length.
fn whole(text: &str, dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => text[..boundary(text, dice)].to_owned(),
        1 => text.replace('\n', "\r\n"),
        2 => text.replacen('\n', "\r", 1 + dice.below(3)),
        3 => {
            let at = boundary(text, dice);
            format!("{}{}{}", &text[..at], "x".repeat(dice.below(5_000)), &text[at..])
        }
        4 => text.repeat(1 + dice.below(3)),
        _ => format!("\u{feff}{text}"),
    }
}
