//! JSON web tokens: `jwt_header_query`, `jwt_payload_query`, `jwt_verify(algorithm,key)` (manual 7.3.1, RFC 7515, RFC 7518).
//! A key is a secret for HS256 and its kin, else the path of a file with a public key, read when the configuration is.
//!
//! ```text
//! http-request deny unless { http_auth_bearer,jwt_verify(RS256,/etc/keys/issuer.pem) 1 }
//! ```

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
        RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use locum_model::{Text, expr::Arg};
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Arena, Type, Value},
        view::View,
    },
    vocab::ConverterDef,
};

use super::{bytes_of, converter, encoding::url_decoded, json_query};
use crate::fetch::variable::parse_name;

pub(super) static JWT_HEADER_QUERY: ConverterDef = ConverterDef {
    check: Some(|args| json_query::output_type(args)),
    ..converter(
        "jwt_header_query",
        Type::Bin,
        Type::Any,
        |value, _, args, arena| query(bytes_of(value)?, 0, args, arena),
    )
};

pub(super) static JWT_PAYLOAD_QUERY: ConverterDef = ConverterDef {
    check: Some(|args| json_query::output_type(args)),
    ..converter(
        "jwt_payload_query",
        Type::Bin,
        Type::Any,
        |value, _, args, arena| query(bytes_of(value)?, 1, args, arena),
    )
};

pub(super) static JWT_VERIFY: ConverterDef = ConverterDef {
    check: Some(check),
    ..converter(
        "jwt_verify",
        Type::Bin,
        Type::Int,
        |value, view, args, arena| {
            let algorithm = text(args, 0, view, arena)?;
            let key = text(args, 1, view, arena)?;
            let result = match Algorithm::of(algorithm) {
                Some(algorithm) => verify(bytes_of(value)?, algorithm, key, arena),
                None => UNKNOWN_ALGORITHM,
            };
            Some(Value::Int(result))
        },
    )
};

const UNKNOWN_ALGORITHM: i64 = -1;
const UNMANAGED_ALGORITHM: i64 = -2;
const INVALID_TOKEN: i64 = -3;
const UNKNOWN_KEY: i64 = -5;

/// Without a path there is no value, contrary to the manual (observed).
fn query<'a>(token: &[u8], part: usize, args: &Args, arena: &'a Arena) -> Option<Value<'a>> {
    args.text(0).filter(|path| !path.is_empty())?;
    let part = token.split(|&byte| byte == b'.').nth(part)?;
    json_query::query(url_decoded(part, arena)?, args, arena)
}

/// How a token is signed (RFC 7518 section 3.1).
#[derive(Clone, Copy)]
enum Algorithm {
    None,
    Secret(hmac::Algorithm),
    Rsa(&'static dyn VerificationAlgorithm),
    Ecdsa(&'static dyn VerificationAlgorithm),
    Pss,
}

impl Algorithm {
    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"none" => Algorithm::None,
            b"HS256" => Algorithm::Secret(hmac::HMAC_SHA256),
            b"HS384" => Algorithm::Secret(hmac::HMAC_SHA384),
            b"HS512" => Algorithm::Secret(hmac::HMAC_SHA512),
            b"RS256" => Algorithm::Rsa(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            b"RS384" => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            b"RS512" => Algorithm::Rsa(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            b"ES256" => Algorithm::Ecdsa(&ECDSA_P256_SHA256_FIXED),
            b"ES384" => Algorithm::Ecdsa(&ECDSA_P384_SHA384_FIXED),
            b"ES512" => Algorithm::Ecdsa(&ECDSA_P521_SHA512_FIXED),
            b"PS256" | b"PS384" | b"PS512" => Algorithm::Pss,
            _ => return None,
        })
    }
}

fn verify(token: &[u8], algorithm: Algorithm, key: &[u8], arena: &Arena) -> i64 {
    if matches!(algorithm, Algorithm::Pss) {
        return UNMANAGED_ALGORITHM;
    }
    let dots = token.iter().filter(|&&byte| byte == b'.').count();
    let signed = token.iter().rposition(|&byte| byte == b'.');
    let (signed, signature) = match (dots, signed) {
        (2, Some(at)) => (&token[..at], &token[at + 1..]),
        (1, _) => (token, &[][..]),
        _ => return INVALID_TOKEN,
    };
    if let Algorithm::None = algorithm {
        return i64::from(signature.is_empty());
    }
    let Some(signature) = url_decoded(signature, arena).filter(|bytes| !bytes.is_empty()) else {
        return INVALID_TOKEN;
    };
    // Two numbers of one length (RFC 7518 section 3.4).
    if matches!(algorithm, Algorithm::Ecdsa(_)) && signature.len() % 2 != 0 {
        return INVALID_TOKEN;
    }
    let is_right = match algorithm {
        Algorithm::Secret(algorithm) => {
            hmac::verify(&hmac::Key::new(algorithm, key), signed, signature).is_ok()
        }
        Algorithm::Rsa(algorithm) | Algorithm::Ecdsa(algorithm) => {
            let Some(key) = public_key(key) else {
                return UNKNOWN_KEY;
            };
            UnparsedPublicKey::new(algorithm, key)
                .verify(signed, signature)
                .is_ok()
        }
        Algorithm::None | Algorithm::Pss => false,
    };
    i64::from(is_right)
}

/// The text of an argument or of the variable in it.
fn text<'a>(args: &'a Args, at: usize, view: &View<'a>, arena: &'a Arena) -> Option<&'a [u8]> {
    match args.var(at) {
        Some(var) => bytes_of(view.variable(var, arena)?.cast(Type::Str, arena)?),
        None => args.text(at),
    }
}

/// Paths, and what the files hold.
type Keys = HashMap<Box<[u8]>, Arc<[u8]>>;

/// Public keys by the paths that the configuration has for them: a variable may name one of them at run time.
static KEYS: RwLock<Option<Keys>> = RwLock::new(None);

fn public_key(path: &[u8]) -> Option<Arc<[u8]>> {
    let keys = KEYS.read().unwrap_or_else(PoisonError::into_inner);
    keys.as_ref()?.get(path).cloned()
}

fn check(args: &mut [Arg]) -> Result<(), String> {
    for arg in args.iter_mut() {
        let name = match &*arg {
            Arg::Str(name) => name.clone(),
            _ => Text::default(),
        };
        if let Ok(var) = parse_name(&name, "") {
            *arg = Arg::Var(var);
        }
    }
    if let Some(Arg::Str(name)) = args.first() {
        match Algorithm::of(name) {
            Some(Algorithm::Pss) => return Err("RSASSA-PSS JWS signing not managed yet".to_owned()),
            Some(_) => {}
            None => {
                let shown = String::from_utf8_lossy(name);
                return Err(format!("unknown JWT algorithm: {shown}"));
            }
        }
    }
    if let Some(Arg::Str(path)) = args.get(1)
        && let Some(key) = read(path)
    {
        let mut keys = KEYS.write().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.get_or_insert_default();
        keys.insert(path.as_bytes().into(), key.into());
    }
    Ok(())
}

/// What there is to say of a key: a file that exists and holds no public key.
pub(crate) fn warning(args: &[Arg]) -> Option<String> {
    let Some(Arg::Str(path)) = args.get(1) else {
        return None;
    };
    let name = std::str::from_utf8(path).ok()?;
    let is_wrong = std::fs::exists(name).is_ok_and(|exists| exists) && read(path).is_none();
    is_wrong.then(|| format!("file not found ({name})\n."))
}

/// The first public key of a file in PEM: of RFC 7468 section 13, or one of PKCS #1.
fn read(path: &[u8]) -> Option<Vec<u8>> {
    let text = std::fs::read_to_string(std::str::from_utf8(path).ok()?).ok()?;
    ["PUBLIC KEY", "RSA PUBLIC KEY"].iter().find_map(|label| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: String = body.split_ascii_whitespace().collect();
        let key = STANDARD.decode(body).ok()?;
        // The shortest there is has 32 bytes of a key in it.
        (key.first() == Some(&0x30) && key.len() > 32).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The token of RFC 7515, appendix A.1.
    const TOKEN: &[u8] = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn verified(token: &[u8], name: &str, key: &[u8]) -> i64 {
        let algorithm = Algorithm::of(name.as_bytes()).unwrap();
        verify(token, algorithm, key, &Arena::new())
    }

    #[test]
    fn a_token_is_verified_with_its_secret() {
        let key = STANDARD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==")
            .unwrap();
        assert_eq!(verified(TOKEN, "HS256", &key), 1);
        assert_eq!(verified(TOKEN, "HS256", b"other"), 0);
        assert_eq!(verified(TOKEN, "none", b""), 0);
        assert_eq!(verified(TOKEN, "PS256", b""), UNMANAGED_ALGORITHM);
        assert_eq!(verified(TOKEN, "RS256", b"/no/such/key"), UNKNOWN_KEY);
    }

    #[test]
    fn a_token_has_three_parts() {
        for token in [&b""[..], b"a", b"a.b", b"a.b.", b"a.b.c.d", b"a.b.!"] {
            assert_eq!(verified(token, "HS256", b""), INVALID_TOKEN);
        }
        assert_eq!(verified(b"a.b", "none", b""), 1);
        assert_eq!(verified(b"a", "none", b""), INVALID_TOKEN);
    }
}
