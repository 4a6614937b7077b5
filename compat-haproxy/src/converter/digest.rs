//! Message digests: `digest(algorithm)`, `hmac(algorithm,key)`, `sha1`, `sha2([bits])` (manual 7.3.1). Algorithms have the
//! names that OpenSSL knows them by, without regard to case.
//!
//! ```text
//! http-request set-header x-signature %[path,hmac(sha256,c2VjcmV0),hex]
//! ```

use blake2::{Blake2b512, Blake2s256};
use hmac::{KeyInit, Mac, SimpleHmac, digest::block_api::BlockSizeUser};
use locum_model::expr::Arg;
use locum_runtime::{
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};
use md5::{Digest, Md5};
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use shake::{Shake128, Shake256, digest::ExtendableOutput};
use sm3::Sm3;

use super::{
    bytes_of, converter,
    secret::{base64_or_variable, secret},
};

pub(super) static DIGEST: ConverterDef = ConverterDef {
    check: Some(algorithm),
    ..converter("digest", Type::Bin, Type::Bin, |value, _, args, arena| {
        let run = ALGORITHMS
            .get(usize::try_from(args.int(0)?).ok()?)?
            .digest?;
        Some(Value::Bin(run(bytes_of(value)?, arena)))
    })
};

pub(super) static HMAC: ConverterDef = ConverterDef {
    check: Some(|args| {
        algorithm(args)?;
        base64_or_variable(args, 1, "key")
    }),
    ..converter("hmac", Type::Bin, Type::Bin, |value, view, args, arena| {
        let run = ALGORITHMS.get(usize::try_from(args.int(0)?).ok()?)?.hmac?;
        let key = secret(args, 1, view, arena)?;
        Some(Value::Bin(run(key, bytes_of(value)?, arena)?))
    })
};

pub(super) static SHA1: ConverterDef =
    converter("sha1", Type::Bin, Type::Bin, |value, _, _, arena| {
        Some(Value::Bin(hashed::<Sha1>(bytes_of(value)?, arena)))
    });

pub(super) static SHA2: ConverterDef = ConverterDef {
    check: Some(|args| match args.first() {
        Some(Arg::Int(bits)) if !matches!(bits, 224 | 256 | 384 | 512) => {
            Err(format!("Unsupported number of bits: '{bits}'"))
        }
        _ => Ok(()),
    }),
    ..converter("sha2", Type::Bin, Type::Bin, |value, _, args, arena| {
        let run: DigestFn = match args.int(0) {
            Some(224) => hashed::<Sha224>,
            Some(384) => hashed::<Sha384>,
            Some(512) => hashed::<Sha512>,
            _ => hashed::<Sha256>,
        };
        Some(Value::Bin(run(bytes_of(value)?, arena)))
    })
};

type DigestFn = for<'a> fn(&[u8], &'a Arena) -> &'a [u8];
type HmacFn = for<'a> fn(&[u8], &[u8], &'a Arena) -> Option<&'a [u8]>;

/// A digest that OpenSSL 3 knows; those of its legacy provider have a name and no value.
struct Algorithm {
    names: &'static [&'static str],
    digest: Option<DigestFn>,
    hmac: Option<HmacFn>,
}

const fn fixed<D: Digest + BlockSizeUser>(names: &'static [&'static str]) -> Algorithm {
    Algorithm {
        names,
        digest: Some(hashed::<D>),
        hmac: Some(keyed::<D>),
    }
}

#[rustfmt::skip]
static ALGORITHMS: &[Algorithm] = &[
    fixed::<Blake2b512>(&["blake2b512", "blake2b-512", "1.3.6.1.4.1.1722.12.2.1.16"]),
    fixed::<Blake2s256>(&["blake2s256", "blake2s-256", "1.3.6.1.4.1.1722.12.2.2.8"]),
    fixed::<Md5>(&["md5", "ssl3-md5", "rsa-md5", "md5withrsaencryption", "1.2.840.113549.2.5"]),
    fixed::<Ripemd160>(&["ripemd160", "ripemd", "rmd160", "ripemd-160", "rsa-ripemd160", "ripemd160withrsa", "1.3.36.3.2.1"]),
    fixed::<Sha1>(&["sha1", "sha-1", "ssl3-sha1", "rsa-sha1", "rsa-sha1-2", "sha1withrsaencryption", "sha1withrsa", "1.3.14.3.2.26"]),
    fixed::<Sha224>(&["sha224", "sha2-224", "sha-224", "rsa-sha224", "sha224withrsaencryption", "2.16.840.1.101.3.4.2.4"]),
    fixed::<Sha256>(&["sha256", "sha2-256", "sha-256", "rsa-sha256", "sha256withrsaencryption", "2.16.840.1.101.3.4.2.1"]),
    fixed::<Sha384>(&["sha384", "sha2-384", "sha-384", "rsa-sha384", "sha384withrsaencryption", "2.16.840.1.101.3.4.2.2"]),
    fixed::<Sha512>(&["sha512", "sha2-512", "sha-512", "rsa-sha512", "sha512withrsaencryption", "2.16.840.1.101.3.4.2.3"]),
    fixed::<Sha512_224>(&["sha512-224", "sha2-512/224", "sha-512/224", "rsa-sha512/224", "sha512-224withrsaencryption", "2.16.840.1.101.3.4.2.5"]),
    fixed::<Sha512_256>(&["sha512-256", "sha2-512/256", "sha-512/256", "rsa-sha512/256", "sha512-256withrsaencryption", "2.16.840.1.101.3.4.2.6"]),
    fixed::<Sha3_224>(&["sha3-224", "rsa-sha3-224", "id-rsassa-pkcs1-v1_5-with-sha3-224", "2.16.840.1.101.3.4.2.7"]),
    fixed::<Sha3_256>(&["sha3-256", "rsa-sha3-256", "id-rsassa-pkcs1-v1_5-with-sha3-256", "2.16.840.1.101.3.4.2.8"]),
    fixed::<Sha3_384>(&["sha3-384", "rsa-sha3-384", "id-rsassa-pkcs1-v1_5-with-sha3-384", "2.16.840.1.101.3.4.2.9"]),
    fixed::<Sha3_512>(&["sha3-512", "rsa-sha3-512", "id-rsassa-pkcs1-v1_5-with-sha3-512", "2.16.840.1.101.3.4.2.10"]),
    fixed::<Sm3>(&["sm3", "rsa-sm3", "sm3withrsaencryption", "1.2.156.10197.1.401"]),
    Algorithm { names: &["md5-sha1"], digest: Some(md5_and_sha1), hmac: Some(keyed_md5_and_sha1) },
    Algorithm { names: &["shake128", "shake-128", "2.16.840.1.101.3.4.2.11"], digest: Some(shake::<Shake128, 16>), hmac: None },
    Algorithm { names: &["shake256", "shake-256", "2.16.840.1.101.3.4.2.12"], digest: Some(shake::<Shake256, 32>), hmac: None },
    Algorithm { names: &["md4", "rsa-md4", "md4withrsaencryption", "whirlpool"], digest: None, hmac: None },
];

/// Replaces the algorithm's name by its place in the list.
fn algorithm(args: &mut [Arg]) -> Result<(), String> {
    let found = match args.first() {
        Some(Arg::Str(name)) => ALGORITHMS.iter().position(|known| {
            let mut names = known.names.iter();
            names.any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        }),
        _ => None,
    };
    let found = found.and_then(|at| i64::try_from(at).ok());
    let found = found.ok_or("algorithm must be a valid OpenSSL message digest name.")?;
    args[0] = Arg::Int(found);
    Ok(())
}

fn hashed<'a, D: Digest>(bytes: &[u8], arena: &'a Arena) -> &'a [u8] {
    arena.alloc_slice_copy(&D::digest(bytes))
}

fn keyed<'a, D: Digest + BlockSizeUser>(
    key: &[u8],
    bytes: &[u8],
    arena: &'a Arena,
) -> Option<&'a [u8]> {
    let mut mac = SimpleHmac::<D>::new_from_slice(key).ok()?;
    Mac::update(&mut mac, bytes);
    Some(arena.alloc_slice_copy(&mac.finalize().into_bytes()))
}

fn md5_and_sha1<'a>(bytes: &[u8], arena: &'a Arena) -> &'a [u8] {
    let mut both = [0; 36];
    both[..16].copy_from_slice(&Md5::digest(bytes));
    both[16..].copy_from_slice(&Sha1::digest(bytes));
    arena.alloc_slice_copy(&both)
}

/// RFC 2104 over both at once, with their common block of 64 bytes.
fn keyed_md5_and_sha1<'a>(key: &[u8], bytes: &[u8], arena: &'a Arena) -> Option<&'a [u8]> {
    let key = if key.len() > 64 {
        md5_and_sha1(key, arena)
    } else {
        key
    };
    let padded = |pad: u8, rest: &[u8]| {
        let mut text = vec![pad; 64];
        text.iter_mut()
            .zip(key)
            .for_each(|(byte, key)| *byte ^= key);
        text.extend_from_slice(rest);
        text
    };
    let inner = md5_and_sha1(&padded(0x36, bytes), arena);
    Some(md5_and_sha1(&padded(0x5c, inner), arena))
}

/// As long as OpenSSL gives it where no length is asked for.
fn shake<'a, D: ExtendableOutput + Default, const N: usize>(
    bytes: &[u8],
    arena: &'a Arena,
) -> &'a [u8] {
    let mut hasher = D::default();
    hasher.update(bytes);
    let out = arena.alloc_slice_fill_copy(N, 0);
    hasher.finalize_xof_into(out);
    out
}
