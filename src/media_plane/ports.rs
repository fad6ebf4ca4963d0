//! The pool of RTP ports. A lease is an even port for RTP and the next one for RTCP (RFC 3550 §11), bound.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
};

use super::OpenLegError;

/// The pool.
#[derive(Clone, Debug)]
pub(super) struct PortPool {
    address: IpAddr,
    first: u16,
    last: u16,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug)]
struct Taken {
    /// One a pair.
    pairs: Vec<bool>,
    /// Where to look next: a port rests as long as it can, so that late packets of one call do not reach another.
    next: usize,
}

impl PortPool {
    pub(super) fn new(address: IpAddr, first: u16, last: u16) -> Self {
        let pairs = usize::from(last.saturating_sub(first)).div_ceil(2);
        Self {
            address,
            first,
            last,
            taken: Arc::new(Mutex::new(Taken {
                pairs: vec![false; pairs],
                next: 0,
            })),
        }
    }

    /// Takes the pair that rested longest. A port that another program holds is passed over.
    pub(super) fn lease(&self) -> Result<PortLease, OpenLegError> {
        let mut tried = 0;
        while let Some(pair) = self.take(&mut tried) {
            let guard = PairGuard {
                pool: self.clone(),
                pair,
            };
            // `pairs` has no more entries than there are ports.
            let port = self.first + 2 * pair as u16;
            let bind = |port| {
                let address = SocketAddr::new(self.address, port);
                let socket = UdpSocket::bind(address)?;
                socket.set_nonblocking(true)?;
                Ok::<_, std::io::Error>(socket)
            };
            match bind(port).and_then(|rtp| Ok((rtp, bind(port + 1)?))) {
                Ok((rtp, rtcp)) => {
                    return Ok(PortLease {
                        address: SocketAddr::new(self.address, port),
                        rtp,
                        rtcp,
                        _guard: guard,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => {
                    let address = SocketAddr::new(self.address, port);
                    return Err(OpenLegError::Socket { address, error });
                }
            }
        }
        Err(OpenLegError::NoPort {
            first: self.first,
            last: self.last,
        })
    }

    /// Ports that are leased.
    pub(super) fn in_use(&self) -> usize {
        2 * self.lock().pairs.iter().filter(|taken| **taken).count()
    }

    fn take(&self, tried: &mut usize) -> Option<usize> {
        let mut taken = self.lock();
        let count = taken.pairs.len();
        while *tried < count {
            *tried += 1;
            let pair = taken.next;
            taken.next = (pair + 1) % count;
            if !taken.pairs[pair] {
                taken.pairs[pair] = true;
                return Some(pair);
            }
        }
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        // Each change is one store: a panic cannot leave it half done.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct PairGuard {
    pool: PortPool,
    pair: usize,
}

impl Drop for PairGuard {
    fn drop(&mut self) {
        self.pool.lock().pairs[self.pair] = false;
    }
}

/// A bound pair of ports, given back when dropped.
#[derive(Debug)]
pub(super) struct PortLease {
    address: SocketAddr,
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    /// After the sockets: fields are dropped in order, and a port is free once nobody is bound to it.
    _guard: PairGuard,
}

impl PortLease {
    pub(super) const fn rtp_address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_port_rests_before_it_is_used_again_and_nothing_is_lost() {
        let pool = PortPool::new(LOOPBACK, 24_100, 24_107);
        let port = |lease: &PortLease| lease.rtp_address().port();
        let first = pool.lease().expect("free");
        let first_port = port(&first);
        assert_eq!(first_port % 2, 0, "RFC 3550 §11");
        drop(first);
        let leases: Vec<_> = std::iter::from_fn(|| pool.lease().ok()).collect();
        assert_ne!(port(&leases[0]), first_port);
        assert_eq!(leases.len(), 4);
        assert_eq!(pool.in_use(), 8);
        let error = pool.lease().expect_err("none is left");
        assert_eq!(
            error.to_string(),
            "no RTP port is free between 24100 and 24107"
        );
        drop(leases);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_port_of_another_program_is_passed_over() {
        let pool = PortPool::new(LOOPBACK, 24_110, 24_113);
        let _other = UdpSocket::bind((LOOPBACK, 24_111)).expect("free");
        let lease = pool.lease().expect("the second pair");
        assert_eq!(lease.rtp_address().port(), 24_112);
        assert_eq!(pool.in_use(), 2, "the first pair is not held");
    }
}
