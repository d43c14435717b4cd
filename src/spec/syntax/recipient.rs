//! An age recipient, to whom a backup is encrypted: `age1…`.

/// How long a recipient is: `age1`, and 58 characters.
const LENGTH: usize = 62;

/// Whether a text is a recipient. The last characters prove the others, which is left to age itself.
pub(in crate::spec) fn check(text: &str) -> Result<(), String> {
    let upper = text.to_ascii_uppercase();
    if upper.starts_with("AGE-SECRET-KEY-") {
        return Err("this is a secret key, which can read the backups: keep it away from deploy.toml, and write what \
                    `age-keygen -y` makes of it"
            .to_owned());
    }
    if text.starts_with("ssh-") {
        return Err("keys of SSH are not supported; make one with `age-keygen`".to_owned());
    }
    let is_letter = |byte: u8| b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".contains(&byte);
    if text.len() == LENGTH && text.strip_prefix("age1").is_some_and(|rest| rest.bytes().all(is_letter)) {
        return Ok(());
    }
    Err(format!("write it like `age1…`, with {LENGTH} characters, as `age-keygen` shows it"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn tells_recipients_from_secret_keys_and_typing_errors() {
        let right = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        assert_eq!(check(right), Ok(()));
        let short = &right[..61];
        let other_letter = right.replace("ql3z", "qb3z");
        for wrong in ["", "age1", short, &other_letter, "ssh-ed25519 AAAA", &right.to_uppercase()] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        let told = check("AGE-SECRET-KEY-1QQPQQ").expect_err("a secret key");
        assert!(told.contains("secret key") && !told.contains("QQPQQ"), "{told}");
    }
}
