//! Decides which addresses are never asked: those that only a machine's own cloud answers, with its credentials. It
//! judges the address that is connected to, whatever name led there, and never a name.

use crate::world::http::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use thiserror::Error;

/// The metadata service of Alibaba Cloud, which is not link-local.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
/// The metadata service of AWS over IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// An address that is not asked.
#[derive(Debug, Error)]
#[error("{0} is not asked")]
pub(super) struct Refused(pub(super) IpAddr);

/// Which addresses are not asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    refuses: fn(IpAddr) -> bool,
}

impl Guard {
    /// No link-local address and no metadata service is asked.
    #[must_use]
    pub(crate) fn careful() -> Self {
        Self { refuses: is_local_to_the_link }
    }

    /// Every address is asked.
    #[must_use]
    pub(crate) fn open() -> Self {
        Self { refuses: |_| false }
    }

    /// The addresses that `refuses` picks are not asked.
    #[cfg(test)]
    pub(super) fn refusing(refuses: fn(IpAddr) -> bool) -> Self {
        Self { refuses }
    }

    /// Checks a URL whose host is an address itself; a name is checked when it is resolved.
    ///
    /// # Errors
    /// The address is not asked.
    pub(super) fn check(self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(address) if (self.refuses)(address) => Err(Refused(address)),
            _ => Ok(()),
        }
    }

    /// The addresses of a name that may be asked.
    fn allowed(self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let first = found.first().map(SocketAddr::ip);
        let allowed: Vec<_> = found.into_iter().filter(|a| !(self.refuses)(a.ip())).collect();
        match first {
            Some(address) if allowed.is_empty() => Err(Refused(address)),
            _ => Ok(allowed),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(guard.allowed(found)?.into_iter()) as Addrs)
        })
    }
}

fn is_local_to_the_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_link_local() || ip == METADATA_V4,
        IpAddr::V6(ip) => {
            let within = within(ip).map(IpAddr::V4);
            ip.is_unicast_link_local() || ip == METADATA_V6 || within.is_some_and(is_local_to_the_link)
        }
    }
}

/// The address of version 4 that one of version 6 stands for: mapped, compatible, or behind NAT64 (RFC 6052).
fn within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let [p, q] = high.to_be_bytes();
    let [r, s] = low.to_be_bytes();
    let is_nat = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    ip.to_ipv4().or(is_nat.then(|| Ipv4Addr::new(p, q, r, s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_metadata_service_is_asked_however_its_address_is_written() {
        let refused = [
            "http://169.254.169.254/latest/meta-data/",
            "http://169.254.170.2:80/",
            "http://2852039166/", // the same number in one piece
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://[fe80::1]/",
            "http://[febf::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
        ];
        for url in refused {
            let url = Url::parse(url).unwrap();
            assert!(Guard::careful().check(&url).is_err(), "{url}");
            assert!(Guard::open().check(&url).is_ok(), "{url}");
        }
        let asked = [
            "http://10.0.0.1/",
            "http://127.0.0.1:9090/",
            "http://[::1]/",
            "http://[fd00:ec2::253]/",
            "http://[fec0::1]/",
            "http://169.253.0.1/",
            "http://prometheus.monitoring:9090/",
        ];
        for url in asked {
            let url = Url::parse(url).unwrap();
            assert!(Guard::careful().check(&url).is_ok(), "{url}");
        }
    }

    #[test]
    fn of_the_addresses_of_a_name_only_those_are_asked_that_may_be() {
        let addresses =
            |texts: &[&str]| texts.iter().map(|t| SocketAddr::new(t.parse().unwrap(), 0)).collect();
        let allowed = |texts: &[&str]| Guard::careful().allowed(addresses(texts));
        let expected: Vec<SocketAddr> = addresses(&["10.0.0.1"]);
        assert_eq!(allowed(&["169.254.169.254", "10.0.0.1"]).unwrap(), expected);
        assert_eq!(
            allowed(&["169.254.169.254", "fe80::1"]).unwrap_err().to_string(),
            "169.254.169.254 is not asked"
        );
        assert!(allowed(&[]).unwrap().is_empty());
    }
}
