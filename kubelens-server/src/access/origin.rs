//! Where a request comes from, and whether the way was encrypted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use ipnet::IpNet;

use super::tls::Peer;

/// The client's address: the peer's, or what trusted proxies say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Whether the request came encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secure(pub bool);

/// The most hops of `X-Forwarded-For` that are walked.
const MOST_HOPS: usize = 32;

pub(super) fn origin(request: &Request, trusted: &[IpNet]) -> (ClientAddress, Secure) {
    let extensions = request.extensions();
    let address = extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0);
    let peer = extensions.get::<ConnectInfo<Peer>>().map(|it| it.0);
    let address = peer.map(|it| it.address).or(address);
    let over_tls = peer.is_some_and(|it| it.over_tls);
    let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let peer = address.map_or(unknown, |it| it.ip().to_canonical());
    let secure = over_tls || (is_trusted(trusted, peer) && forwarded_https(request.headers()));
    let address = walk(peer, request.headers(), trusted);
    (ClientAddress(address), Secure(secure))
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|it| it.contains(&address))
}

fn forwarded_https(headers: &HeaderMap) -> bool {
    let values = headers.get_all("x-forwarded-proto");
    // The nearest proxy speaks last.
    let last = values.iter().next_back().and_then(|it| it.to_str().ok());
    let last = last.and_then(|it| it.rsplit(',').next());
    last.is_some_and(|it| it.trim().eq_ignore_ascii_case("https"))
}

/// From the right past trusted hops; a hop that is no address ends the walk.
fn walk(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer;
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let hops = lines
        .iter()
        .rev()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|line| line.rsplit(','));
    for hop in hops.take(MOST_HOPS) {
        if !is_trusted(trusted, client) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

/// What limits count an address by: one IPv6 customer has a whole /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        walk(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", &["198.51.100.1", "10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(client("10.0.0.1", &["198.51.100.1, nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        let a = network("2001:db8::1".parse().unwrap());
        assert_eq!(a, network("2001:db8::ffff:1".parse().unwrap()));
        assert_ne!(a, network("2001:db8:0:1::1".parse().unwrap()));
    }
}
