//! Expressions of rules (linux/netfilter/nf_tables.h), in the numbers and the order that the reference uses.

use super::attribute::Attributes;

/// NFTA_LIST_ELEM.
const ELEMENT: u16 = 1;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;
const VERDICT_CODE: u16 = 1;
const VERDICT_CHAIN: u16 = 2;

/// A register of 16 bytes.
pub(super) const REGISTER_1: u32 = 1;
/// The next one: what is loaded into both stands side by side.
pub(super) const REGISTER_2: u32 = 2;

pub(super) const NETWORK_HEADER: u32 = 1;
pub(super) const TRANSPORT_HEADER: u32 = 2;

/// What a packet is asked for beside its bytes (NFT_META_*).
#[derive(Clone, Copy)]
pub(super) enum Meta {
    InputIndex = 4,
    OutputIndex = 5,
    InputName = 6,
    OutputName = 7,
    TransportProtocol = 16,
    /// The kind of the output interface.
    OutputKind = 27,
}

/// How a rule ends.
pub(super) enum Verdict {
    Drop,
    Accept,
    Goto(&'static str),
}

/// The expressions of a rule.
#[derive(Default)]
pub(super) struct Expressions(Attributes);

impl Expressions {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn into_attributes(self) -> Attributes {
        self.0
    }

    pub(super) fn payload(self, base: u32, offset: u32, length: u32) -> Self {
        let data = Attributes::new()
            .number(1, REGISTER_1)
            .number(2, base)
            .number(3, offset)
            .number(4, length);
        self.push("payload", data)
    }

    pub(super) fn meta(self, key: Meta, register: u32) -> Self {
        let data = Attributes::new().number(2, key as u32).number(1, register);
        self.push("meta", data)
    }

    pub(super) fn equals(self, register: u32, value: &[u8]) -> Self {
        let data = Attributes::new()
            .number(1, register)
            .number(2, 0)
            .nest(3, Attributes::new().bytes(DATA_VALUE, value));
        self.push("cmp", data)
    }

    pub(super) fn mask(self, mask: &[u8]) -> Self {
        let nothing = vec![0; mask.len()];
        let data = Attributes::new()
            .number(1, REGISTER_1)
            .number(2, REGISTER_1)
            .number(3, mask.len() as u32)
            .nest(4, Attributes::new().bytes(DATA_VALUE, mask))
            .nest(5, Attributes::new().bytes(DATA_VALUE, &nothing));
        self.push("bitwise", data)
    }

    /// Is it in the set?
    pub(super) fn in_set(self, register: u32, set: &str) -> Self {
        let data = Attributes::new().number(2, register).text(1, set);
        self.push("lookup", data)
    }

    /// The map's value takes its place.
    pub(super) fn mapped(self, register: u32, map: &str) -> Self {
        let data = Attributes::new()
            .number(2, register)
            .number(3, register)
            .text(1, map);
        self.push("lookup", data)
    }

    /// A copy of the packet, to the address in the first register, through the interface in the second.
    pub(super) fn duplicate(self) -> Self {
        let data = Attributes::new()
            .number(1, REGISTER_1)
            .number(2, REGISTER_2);
        self.push("dup", data)
    }

    pub(super) fn counter(self, counters: bool) -> Self {
        if counters {
            self.push("counter", Attributes::new())
        } else {
            self
        }
    }

    pub(super) fn verdict(self, verdict: &Verdict) -> Self {
        let code = Attributes::new();
        let verdict = match verdict {
            Verdict::Drop => code.number(VERDICT_CODE, 0),
            Verdict::Accept => code.number(VERDICT_CODE, 1),
            Verdict::Goto(chain) => code
                .number(VERDICT_CODE, (-4i32).cast_unsigned())
                .text(VERDICT_CHAIN, chain),
        };
        let data = Attributes::new()
            .number(1, 0)
            .nest(2, Attributes::new().nest(DATA_VERDICT, verdict));
        self.push("immediate", data)
    }

    fn push(self, name: &str, data: Attributes) -> Self {
        let expression = Attributes::new()
            .text(EXPRESSION_NAME, name)
            .nest(EXPRESSION_DATA, data);
        Self(self.0.nest(ELEMENT, expression))
    }
}
