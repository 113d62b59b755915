//! Faults on demand: what a vendor does on its bad days, ordered for the next calls of one service.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Orders that may stand at a time.
const ORDERS_MAX: usize = 64;
/// Longest delay, in milliseconds.
const DELAY_MS_MAX: u64 = 10 * 60 * 1_000;
/// How wrong a clock may be, in seconds: ten years.
const CLOCK_S_MAX: u64 = 10 * 366 * 86_400;

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Sending a message, and its delivery receipt.
    Sms,
    /// Asking what became of a message.
    SmsQuery,
    /// Certificates.
    Est,
    /// The authority's own certificates.
    EstIssuers,
    /// Timestamps.
    Tsa,
    /// Answers on single certificates.
    Ocsp,
    /// Revocation lists.
    Crl,
    /// Mail.
    Smtp,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The answer comes, late.
    Delay {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// The call takes effect and is never answered.
    TimeoutAfterAccept,
    /// The call takes no effect and is never answered.
    TimeoutBeforeAccept,
    /// No effect; an HTTP status (SMTP: a reply code) is the answer.
    Status {
        /// The status.
        code: u16,
    },
    /// No effect; the vendor asks to slow down.
    Throttle,
    /// SMS only: no effect; the vendor's own error code is the answer.
    VendorCode {
        /// Such as `isv.AMOUNT_NOT_ENOUGH`.
        code: String,
        /// The vendor's words, which name the period of a limit.
        #[serde(default)]
        message: String,
    },
    /// SMS only: the delivery receipt is posted twice.
    DuplicateReceipt,
    /// Timestamps only: the token answers another request.
    WrongNonce,
    /// Timestamps only: the token is over another digest.
    WrongImprint,
    /// OCSP only: the answer is that nobody knows the certificate.
    UnknownCertificate,
    /// OCSP only: the answer is of ten days ago, and has run out since.
    Stale,
    /// Revocation lists only: the list says for which address it is, and for whose certificates.
    Limited,
    /// Timestamps only: no token, but a status and the reason.
    NotGranted {
        /// `PKIStatus`: 2 rejection, 3 waiting.
        status: u8,
        /// A bit of `PKIFailureInfo`, such as 14 for `timeNotAvailable`.
        #[serde(default)]
        failure: Option<u8>,
    },
    /// Timestamps only: the token is signed over its SHA-1.
    Sha1Signature,
    /// Timestamps only: the token does not name the certificate of its authority.
    UnnamedCertificate,
    /// Timestamps only: the time has hundredths of a second, as RFC 3161 allows.
    FractionalSeconds,
    /// Timestamps only: the authority's clock is wrong.
    WrongClock {
        /// How far ahead it is, in seconds; behind when negative.
        ahead_s: i64,
    },
    /// SMS only: the phone does not get the message, and the receipt says so.
    FailedDelivery,
}

impl Fault {
    /// Whether it strikes after the message was taken, at its delivery.
    const fn at_delivery(&self) -> bool {
        matches!(self, Self::DuplicateReceipt | Self::FailedDelivery)
    }

    /// Whether it is in a timestamp, or in place of one.
    const fn is_of_timestamps(&self) -> bool {
        matches!(
            self,
            Self::WrongNonce
                | Self::WrongImprint
                | Self::NotGranted { .. }
                | Self::Sha1Signature
                | Self::UnnamedCertificate
                | Self::FractionalSeconds
                | Self::WrongClock { .. }
        )
    }
}

/// One order for faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Where.
    pub service: Service,
    /// What.
    pub fault: Fault,
    /// How many calls it strikes; `None`: until it is taken back.
    #[serde(default)]
    pub times: Option<u32>,
}

/// The orders that stand.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    orders: Mutex<Vec<Order>>,
    /// Grows with every change.
    revision: AtomicU64,
}

impl Faults {
    /// Adds an order, in place of one for the same kind of fault at the same service.
    pub(crate) fn order(&self, order: Order) -> Result<()> {
        check(&order)?;
        let mut orders = lock(&self.orders);
        orders.retain(|other| {
            other.service != order.service
                || std::mem::discriminant(&other.fault) != std::mem::discriminant(&order.fault)
        });
        if orders.len() >= ORDERS_MAX {
            bail!("{ORDERS_MAX} faults are ordered already");
        }
        if order.times != Some(0) {
            orders.push(order);
        }
        self.changed();
        Ok(())
    }

    /// Takes all orders back.
    pub(crate) fn clear(&self) {
        lock(&self.orders).clear();
        self.changed();
    }

    /// The orders that still stand.
    pub(crate) fn list(&self) -> Vec<Order> {
        lock(&self.orders).clone()
    }

    /// The fault for this call, if any; uses it up once.
    pub(crate) fn at_call(&self, service: Service) -> Option<Fault> {
        self.take(service, |fault| !fault.at_delivery())
    }

    /// The fault for this delivery, if any; uses it up once.
    pub(crate) fn at_delivery(&self) -> Option<Fault> {
        self.take(Service::Sms, Fault::at_delivery)
    }

    fn take(&self, service: Service, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut orders = lock(&self.orders);
        let index = orders.iter().position(|order| order.service == service && wanted(&order.fault))?;
        let order = orders.get_mut(index)?;
        let fault = order.fault.clone();
        if let Some(times) = &mut order.times {
            *times -= 1;
            if *times == 0 {
                orders.remove(index);
            }
        }
        self.changed();
        Some(fault)
    }

    fn changed(&self) {
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }
}

fn check(order: &Order) -> Result<()> {
    let sms_only = order.fault.at_delivery() || matches!(order.fault, Fault::VendorCode { .. });
    let is_sms = matches!(order.service, Service::Sms | Service::SmsQuery);
    match &order.fault {
        Fault::Delay { ms } if *ms > DELAY_MS_MAX => bail!("a delay has at most {DELAY_MS_MAX} ms"),
        Fault::Status { code } if !(200..=599).contains(code) => bail!("{code} is not a status"),
        Fault::VendorCode { code, .. } if code.is_empty() || code.len() > 64 => {
            bail!("the code has no meaning")
        }
        _ if sms_only && !is_sms => bail!("only the SMS gateway has this fault"),
        Fault::UnknownCertificate | Fault::Stale if order.service != Service::Ocsp => {
            bail!("only answers on single certificates have this fault")
        }
        Fault::Limited if order.service != Service::Crl => bail!("only revocation lists have this fault"),
        Fault::NotGranted { status, failure } if *status < 2 || failure.is_some_and(|bit| bit > 63) => {
            bail!("this is no refusal")
        }
        Fault::WrongClock { ahead_s } if ahead_s.unsigned_abs() > CLOCK_S_MAX => {
            bail!("a clock is wrong by at most {CLOCK_S_MAX} s")
        }
        fault if fault.is_of_timestamps() && order.service != Service::Tsa => {
            bail!("only the timestamp authority has this fault")
        }
        _ => Ok(()),
    }
}

/// Waits as the fault wants; a fault that never answers waits until the caller hangs up.
pub(crate) async fn hold(fault: Option<&Fault>) {
    match fault {
        Some(Fault::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Fault::TimeoutAfterAccept | Fault::TimeoutBeforeAccept) => std::future::pending().await,
        _ => {}
    }
}

/// A panic while the lock was held leaves plain data behind, which is as good as before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use super::*;

    fn order(fault: Fault, times: Option<u32>) -> Order {
        Order { service: Service::Sms, fault, times }
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_was_ordered() {
        let faults = Faults::default();
        faults.order(order(Fault::Throttle, Some(2))).unwrap();
        assert_eq!(faults.at_call(Service::Tsa), None);
        assert_eq!(faults.at_call(Service::Sms), Some(Fault::Throttle));
        assert_eq!(faults.at_call(Service::Sms), Some(Fault::Throttle));
        assert_eq!(faults.at_call(Service::Sms), None);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_new_order_replaces_the_old_one_of_its_kind() {
        let faults = Faults::default();
        faults.order(order(Fault::Delay { ms: 1 }, None)).unwrap();
        faults.order(order(Fault::Delay { ms: 2 }, Some(1))).unwrap();
        assert_eq!(faults.list(), [order(Fault::Delay { ms: 2 }, Some(1))]);
        faults.order(order(Fault::Delay { ms: 2 }, Some(0))).unwrap();
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_at_delivery_waits_for_the_delivery() {
        let faults = Faults::default();
        faults.order(order(Fault::DuplicateReceipt, Some(1))).unwrap();
        assert_eq!(faults.at_call(Service::Sms), None);
        assert_eq!(faults.at_delivery(), Some(Fault::DuplicateReceipt));
        assert_eq!(faults.at_delivery(), None);
    }

    #[test]
    fn orders_without_sense_are_refused() {
        let faults = Faults::default();
        assert!(faults.order(order(Fault::Status { code: 42 }, None)).is_err());
        assert!(faults.order(order(Fault::Delay { ms: DELAY_MS_MAX + 1 }, None)).is_err());
        let receipt_of_a_timestamp =
            Order { service: Service::Tsa, fault: Fault::DuplicateReceipt, times: None };
        assert!(faults.order(receipt_of_a_timestamp).is_err());
        for (service, good) in [(Service::Ocsp, true), (Service::Crl, false)] {
            assert_eq!(faults.order(Order { service, fault: Fault::Stale, times: None }).is_ok(), good);
            assert_eq!(faults.order(Order { service, fault: Fault::Limited, times: None }).is_ok(), !good);
        }
        assert!(faults.order(order(Fault::Sha1Signature, None)).is_err());
        let stamped = |fault| Order { service: Service::Tsa, fault, times: None };
        assert!(faults.order(stamped(Fault::NotGranted { status: 0, failure: None })).is_err());
        assert!(faults.order(stamped(Fault::WrongClock { ahead_s: i64::MIN })).is_err());
        assert!(faults.order(stamped(Fault::Sha1Signature)).is_ok());
    }
}
