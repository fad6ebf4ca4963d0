//! Check digits: what guards a number against a digit that was heard wrong.
//!
//! Whether a number belongs to anybody is not told by them.

/// Whether the last digit checks the others (ISO/IEC 7812-1 Annex B, Luhn). `digits` are ASCII digits.
pub fn luhn_holds(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(
            |(place, digit)| match (place % 2, u32::from(digit.wrapping_sub(b'0'))) {
                (0, digit) => digit,
                (_, digit) if digit > 4 => digit * 2 - 9,
                (_, digit) => digit * 2,
            },
        )
        .sum();
    sum.is_multiple_of(10)
}

/// Whether the last character, a digit or X, checks the digits before it (ISO 7064 MOD 11-2).
pub fn mod_11_2_holds(number: &str) -> bool {
    let Some((check, digits)) = number.as_bytes().split_last() else {
        return false;
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    // The weight of a place is twice that of the place after it; the check character has the weight 1.
    let sum = digits
        .iter()
        .fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    let value = match check {
        b'X' => 10,
        b'0'..=b'9' => u32::from(check - b'0'),
        _ => return false,
    };
    (sum + value) % 11 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_digit_shows() {
        for number in ["11010519491231002X", "440524188001010014", "12345672"] {
            assert!(mod_11_2_holds(number), "{number}");
        }
        for number in [
            "110105194912310021",
            "440524188001010015",
            "X",
            "",
            "7X9X",
            "12345673",
        ] {
            assert!(!mod_11_2_holds(number), "{number}");
        }
        for number in ["6222020000000000000", "4111111111111111", "79927398713"] {
            assert!(luhn_holds(number), "{number}");
        }
        for number in ["6222020000000000001", "4111111111111112", "79927398710"] {
            assert!(!luhn_holds(number), "{number}");
        }
    }
}
