//! The contents of the tables: chains, sets, rules and elements.

use std::net::IpAddr;

use super::{
    On, Options, Protected,
    attribute::Attributes,
    batch::{Batch, TABLE_NAME},
    expression::{
        Expressions, Meta, NETWORK_HEADER, REGISTER_1, REGISTER_2, TRANSPORT_HEADER, Verdict,
    },
    is_link_local,
};
use crate::netlink::Family;

const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const HOOK_INPUT: u32 = 1;
const HOOK_OUTPUT: u32 = 3;
const POLICY_ACCEPT: u32 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const SET_NAME: u16 = 2;
const SET_FLAGS: u16 = 3;
const SET_KEY_TYPE: u16 = 4;
const SET_KEY_BYTES: u16 = 5;
const SET_DATA_TYPE: u16 = 6;
const SET_DATA_BYTES: u16 = 7;
const SET_NUMBER: u16 = 10;
const SET_USER_DATA: u16 = 13;
const FLAG_CONSTANT: u32 = 2;
const FLAG_MAP: u32 = 8;
const ELEMENTS_SET: u16 = 2;
const ELEMENTS_LIST: u16 = 3;
/// The types that nft knows sets by: it shows their elements so.
const TYPE_IPV4: u32 = 7;
const TYPE_IPV6: u32 = 8;
const TYPE_INTERFACE: u32 = 20;
const TYPE_ICMPV6: u32 = 29;
const TYPE_NAME: u32 = 41;
/// A concatenation of types has 6 bits for each.
const TYPE_BITS: u32 = 6;
/// What nft writes beside a set to remember the order of its bytes: type 0 (of keys) or 1 (of data), length 4, and 1 for
/// this machine's, 2 for the network's.
const HOST_ORDER: [u8; 6] = [0, 4, 1, 0, 0, 0];
const HOST_ORDER_DATA: [u8; 6] = [1, 4, 1, 0, 0, 0];
const NETWORK_ORDER: [u8; 6] = [0, 4, 2, 0, 0, 0];
const INTERFACE_NAME_BYTES: usize = 16;

const IGMP: u8 = 2;
const ICMPV6: u8 = 58;
const MLD2_REPORT: u8 = 143;
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// The table and the chain that all of it needs.
pub(super) fn add(batch: &mut Batch, options: &Options) {
    batch.table(&options.table);
    hook(batch, options, "out", HOOK_OUTPUT);
}

/// The map of virtual MAC interfaces and the rules that use it.
pub(super) fn add_redirects(batch: &mut Batch, options: &Options) {
    let map = Attributes::new()
        .text(TABLE_NAME, &options.table)
        .text(SET_NAME, "vmac_map")
        .number(SET_FLAGS, FLAG_MAP)
        .number(SET_KEY_TYPE, TYPE_INTERFACE)
        .number(SET_KEY_BYTES, 4)
        .number(SET_DATA_TYPE, TYPE_INTERFACE)
        .number(SET_DATA_BYTES, 4)
        .number(SET_NUMBER, batch.next_set())
        .bytes(SET_USER_DATA, &[HOST_ORDER, HOST_ORDER_DATA].concat());
    batch.set(&map);
    let report = match batch.family() {
        Family::V4 => Expressions::new()
            .payload(NETWORK_HEADER, 9, 1)
            .equals(REGISTER_1, &[IGMP])
            .payload(NETWORK_HEADER, 16, 4),
        Family::V6 => icmpv6(MLD2_REPORT).payload(NETWORK_HEADER, 24, 16),
    };
    let report = of_macvlan(report)
        .mapped(REGISTER_2, "vmac_map")
        .duplicate();
    if batch.family() == Family::V6 {
        set(batch, options, "vmac_set", (TYPE_INTERFACE, 4), HOST_ORDER);
    }
    rule(batch, options, "out", report, &Verdict::Drop);
    if batch.family() == Family::V6 {
        let solicitation = of_macvlan(icmpv6(ROUTER_SOLICITATION)).in_set(REGISTER_2, "vmac_set");
        rule(batch, options, "out", solicitation, &Verdict::Drop);
    }
}

/// An ICMPv6 message of this type.
fn icmpv6(kind: u8) -> Expressions {
    Expressions::new()
        .meta(Meta::TransportProtocol, REGISTER_1)
        .equals(REGISTER_1, &[ICMPV6])
        .payload(TRANSPORT_HEADER, 0, 1)
        .equals(REGISTER_1, &[kind])
}

/// It leaves through a macvlan, whose index the second register has then.
fn of_macvlan(expressions: Expressions) -> Expressions {
    let mut kind = [0; INTERFACE_NAME_BYTES];
    kind[..7].copy_from_slice(b"macvlan");
    expressions
        .meta(Meta::OutputKind, REGISTER_2)
        .equals(REGISTER_2, &kind)
        .meta(Meta::OutputIndex, REGISTER_2)
}

/// The set of addresses and the rules that drop.
pub(super) fn add_protection(batch: &mut Batch, options: &Options) {
    hook(batch, options, "in", HOOK_INPUT);
    let (kind, bytes, source, destination) = match batch.family() {
        Family::V4 => (TYPE_IPV4, 4, 12, 16),
        Family::V6 => (TYPE_IPV6, 16, 8, 24),
    };
    let v6 = batch.family() == Family::V6;
    if v6 {
        for name in ["in_link_local", "out_link_local"] {
            let chain = Attributes::new()
                .text(TABLE_NAME, &options.table)
                .text(CHAIN_NAME, name);
            batch.chain(&chain);
        }
    }
    set(batch, options, "vips", (kind, bytes), NETWORK_ORDER);
    if v6 {
        add_neighbour_discovery(batch, options);
        for (chain, own, offset) in [
            ("in", "in_link_local", destination),
            ("out", "out_link_local", source),
        ] {
            let accepted = Expressions::new()
                .payload(NETWORK_HEADER, 6, 1)
                .equals(REGISTER_1, &[ICMPV6])
                .payload(TRANSPORT_HEADER, 0, 1)
                .in_set(REGISTER_1, "neighbor-discovery");
            rule(batch, options, chain, accepted, &Verdict::Accept);
            let mut mask = [0; 16];
            mask[..2].copy_from_slice(&[0xff, 0xc0]);
            let mut network = [0; 16];
            network[..2].copy_from_slice(&[0xfe, 0x80]);
            let link_local = Expressions::new()
                .payload(NETWORK_HEADER, offset, 16)
                .mask(&mask)
                .equals(REGISTER_1, &network);
            rule(batch, options, chain, link_local, &Verdict::Goto(own));
        }
    }
    for (chain, offset) in [("in", destination), ("out", source)] {
        let protected = Expressions::new()
            .payload(NETWORK_HEADER, offset, bytes)
            .in_set(REGISTER_1, "vips");
        rule(batch, options, chain, protected, &Verdict::Drop);
    }
}

/// Neighbours find a protected address all the same.
fn add_neighbour_discovery(batch: &mut Batch, options: &Options) {
    let constant = Attributes::new()
        .text(TABLE_NAME, &options.table)
        .text(SET_NAME, "neighbor-discovery")
        .number(SET_FLAGS, FLAG_CONSTANT)
        .number(SET_KEY_TYPE, TYPE_ICMPV6)
        .number(SET_KEY_BYTES, 1)
        .number(SET_NUMBER, batch.next_set())
        .bytes(SET_USER_DATA, &HOST_ORDER);
    batch.set(&constant);
    let kinds = [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT];
    let all = kinds.iter().map(|kind| (vec![*kind], None));
    elements(batch, options, "neighbor-discovery", all, true);
}

/// The set of link-local addresses with their interfaces, and the rules that drop.
pub(super) fn add_link_local(batch: &mut Batch, options: &Options, by_name: bool) {
    let (kind, bytes) = if by_name {
        (TYPE_NAME, INTERFACE_NAME_BYTES as u32)
    } else {
        (TYPE_INTERFACE, 4)
    };
    let name = link_local_set(by_name);
    let key = (TYPE_IPV6 << TYPE_BITS | kind, 16 + bytes);
    set(batch, options, name, key, HOST_ORDER);
    for (chain, offset, index, interface) in [
        ("in_link_local", 24, Meta::InputIndex, Meta::InputName),
        ("out_link_local", 8, Meta::OutputIndex, Meta::OutputName),
    ] {
        let meta = if by_name { interface } else { index };
        let protected = Expressions::new()
            .payload(NETWORK_HEADER, offset, 16)
            .meta(meta, REGISTER_2)
            .in_set(REGISTER_1, name);
        rule(batch, options, chain, protected, &Verdict::Drop);
    }
}

fn link_local_set(by_name: bool) -> &'static str {
    if by_name {
        "vips_link_local_name"
    } else {
        "vips_link_local"
    }
}

/// Adds or deletes a virtual MAC interface.
pub(super) fn vmac_elements(
    batch: &mut Batch,
    options: &Options,
    vmac: u32,
    parent: u32,
    add: bool,
) {
    let key = vmac.to_ne_bytes().to_vec();
    if batch.family() == Family::V6 {
        let only = std::iter::once((key.clone(), None));
        elements(batch, options, "vmac_set", only, add);
    }
    let pair = (key, Some(parent.to_ne_bytes().to_vec()));
    elements(batch, options, "vmac_map", std::iter::once(pair), add);
}

/// Adds or deletes addresses, each in the set of its kind.
pub(super) fn address_elements(
    batch: &mut Batch,
    options: &Options,
    addresses: &[Protected],
    add: bool,
) {
    type Keys = Vec<(Vec<u8>, Option<Vec<u8>>)>;
    let (mut global, mut by_index, mut by_name) = (Keys::new(), Keys::new(), Keys::new());
    for protected in addresses {
        let mut key = match protected.address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        if !is_link_local(protected.address) {
            global.push((key, None));
            continue;
        }
        match &protected.on {
            On::Index(index) => {
                key.extend(index.to_ne_bytes());
                by_index.push((key, None));
            }
            On::Name(name) => {
                key.extend(name.bytes().take(INTERFACE_NAME_BYTES - 1));
                key.resize(16 + INTERFACE_NAME_BYTES, 0);
                by_name.push((key, None));
            }
        }
    }
    for (name, keys) in [
        ("vips", global),
        (link_local_set(false), by_index),
        (link_local_set(true), by_name),
    ] {
        if !keys.is_empty() {
            elements(batch, options, name, keys.into_iter(), add);
        }
    }
}

fn elements(
    batch: &mut Batch,
    options: &Options,
    set: &str,
    all: impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    add: bool,
) {
    let value = |bytes: &[u8]| Attributes::new().bytes(1, bytes);
    let list = all.fold(Attributes::new(), |list, (key, data)| {
        let mut element = Attributes::new().nest(1, value(&key));
        if let Some(data) = data {
            element = element.nest(2, value(&data));
        }
        list.nest(1, element)
    });
    let attributes = Attributes::new()
        .text(ELEMENTS_SET, set)
        .text(TABLE_NAME, &options.table)
        .nest(ELEMENTS_LIST, list);
    batch.elements(&attributes, add);
}

fn hook(batch: &mut Batch, options: &Options, name: &str, number: u32) {
    let hook = Attributes::new()
        .number(1, number)
        .number(2, options.priority.cast_unsigned());
    let chain = Attributes::new()
        .text(TABLE_NAME, &options.table)
        .text(CHAIN_NAME, name)
        .nest(CHAIN_HOOK, hook)
        .number(CHAIN_POLICY, POLICY_ACCEPT)
        .text(CHAIN_TYPE, "filter");
    batch.chain(&chain);
}

fn set(batch: &mut Batch, options: &Options, name: &str, key: (u32, u32), order: [u8; 6]) {
    let set = Attributes::new()
        .text(TABLE_NAME, &options.table)
        .text(SET_NAME, name)
        .number(SET_KEY_TYPE, key.0)
        .number(SET_KEY_BYTES, key.1)
        .number(SET_NUMBER, batch.next_set())
        .bytes(SET_USER_DATA, &order);
    batch.set(&set);
}

fn rule(
    batch: &mut Batch,
    options: &Options,
    chain: &str,
    expressions: Expressions,
    verdict: &Verdict,
) {
    let all = expressions.counter(options.counters).verdict(verdict);
    let rule = Attributes::new()
        .text(TABLE_NAME, &options.table)
        .text(RULE_CHAIN, chain)
        .nest(RULE_EXPRESSIONS, all.into_attributes());
    batch.rule(&rule);
}
