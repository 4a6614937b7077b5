//! `aes_gcm_dec(bits,nonce,key,tag)`: what AES-GCM encrypted (manual 7.3.1, NIST SP 800-38D). All but the size is base64,
//! or a variable that holds base64.
//!
//! ```text
//! http-request set-var(txn.plain) var(txn.secret),aes_gcm_dec(128,txn.nonce,Zm9vb2Zvb29mb29wZm9vbw==,txn.tag)
//! ```

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use locum_model::expr::Arg;
use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{
    bytes_of, converter,
    secret::{base64_or_variable, secret},
};

pub(super) static AES_GCM_DEC: ConverterDef = ConverterDef {
    check: Some(|args| {
        if !matches!(args.first(), Some(Arg::Int(128 | 192 | 256))) {
            return Err("key size must be 128, 192 or 256 (bits).".to_owned());
        }
        base64_or_variable(args, 1, "nonce")?;
        base64_or_variable(args, 2, "key")?;
        base64_or_variable(args, 3, "aead_tag")
    }),
    ..converter(
        "aes_gcm_dec",
        Type::Bin,
        Type::Bin,
        |value, view, args, arena| {
            let (algorithm, length) = match args.int(0)? {
                128 => (&AES_128_GCM, 16),
                192 => (&AES_192_GCM, 24),
                _ => (&AES_256_GCM, 32),
            };
            // What a key has beyond its size doesn't count.
            let key = secret(args, 2, view, arena)?.get(..length)?;
            // A nonce of 96 bits and a whole tag, no other: a tag of one byte would be guessed in 256 tries.
            let nonce = Nonce::try_assume_unique_for_key(secret(args, 1, view, arena)?).ok()?;
            let tag = secret(args, 3, view, arena)?;
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
            let encrypted = bytes_of(value)?;
            let plain = arena.alloc_slice_fill_copy(encrypted.len(), 0);
            key.open_separate_gather(nonce, Aad::empty(), encrypted, tag, plain)
                .ok()?;
            Some(Value::Bin(plain))
        },
    )
};
