//! Decides whether a text has one of the formats that a schema may ask for.
//! It never refuses a format it does not know: such formats mean nothing.

/// Whether `text` has `format`; formats that mean nothing fit every text.
#[must_use]
pub(crate) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "duration" => crate::base::duration::parse_go(text.trim_start_matches('-')).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "byte" => is_base64(text),
        "uuid" => is_uuid(text),
        "email" => text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')),
        "hostname" => !text.is_empty() && text.len() <= 255 && text.split('.').all(is_host_part),
        "uri" => text.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty()),
        _ => true,
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.parse::<u8>().is_ok_and(|b| b <= most)
}

fn is_base64(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

fn is_uuid(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| *c != '-').collect();
    bare.len() == 32 && bare.chars().all(|c| c.is_ascii_hexdigit())
}

fn is_host_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 63
        && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !part.starts_with('-')
        && !part.ends_with('-')
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let yes = [
            ("date-time", "2026-01-01T00:00:00Z"),
            ("date", "2026-01-31"),
            ("duration", "1h30m"),
            ("ipv4", "10.0.0.1"),
            ("cidr", "10.0.0.0/8"),
            ("byte", "YQ=="),
            ("uuid", "4fbe8ad1-ca9d-4385-8bb7-9606bb466893"),
            ("uri", "https://example.com"),
            ("anything", "at all"),
        ];
        let no = [
            ("date-time", "x"),
            ("date", "2026-13-01"),
            ("cidr", "10.0.0.0/33"),
            ("byte", "%"),
            ("uri", "x"),
        ];
        assert!(yes.iter().all(|(f, t)| fits(f, t)));
        assert!(no.iter().all(|(f, t)| !fits(f, t)));
    }
}
