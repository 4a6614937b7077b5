use super::*;
use proptest::prelude::*;

/// Data, trailers, what is left behind the body.
type Taken = (Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>, Vec<u8>);

/// Decodes a whole chunked body fed in parts of `step` bytes: data, trailers, what is left behind it.
fn chunked(bytes: &[u8], step: usize) -> Result<Taken, Option<ErrorKind>> {
    let mut buffer = Buffer::with_capacity(16384);
    let mut body = BodyDecoder::new(BodyFraming::Chunked);
    let limits = Limits::default();
    let mut data = Vec::new();
    let mut parts = bytes.chunks(step.max(1));
    loop {
        match body.next(&mut buffer, &limits) {
            Piece::Data(count) => {
                data.extend_from_slice(&buffer.readable()[..count]);
                body.consume(&mut buffer, count);
            }
            Piece::Partial => match parts.next() {
                Some(part) => assert_eq!(buffer.append(part), part.len()),
                None => return Err(None),
            },
            Piece::Error(error) => return Err(Some(error.kind)),
            Piece::End => break,
        }
    }
    parts.for_each(|part| assert_eq!(buffer.append(part), part.len()));
    let trailers = body.trailers().map(|head| {
        head.iter()
            .map(|(name, value)| (name.to_vec(), value.to_vec()))
            .collect()
    });
    Ok((
        data,
        trailers.unwrap_or_default(),
        buffer.readable().to_vec(),
    ))
}

fn whole(bytes: &[u8]) -> Result<Vec<u8>, Option<ErrorKind>> {
    chunked(bytes, usize::MAX).map(|(data, ..)| data)
}

#[test]
fn chunks_are_joined_and_extensions_ignored() {
    for good in [
        &b"5\r\nhello\r\n0\r\n\r\n"[..],
        b"5;a=b\r\nhello\r\n0;x\r\n\r\n",
        b"5 ;a\r\nhello\r\n0\r\n\r\n",
        b"5\t \r\nhello\r\n00\r\n\r\n",
        b"00000000000000000005\r\nhello\r\n0\r\n\r\n",
        b"2\r\nhe\r\n3;\0\r\nllo\r\n0\r\n\r\n",
    ] {
        assert_eq!(whole(good).unwrap(), b"hello");
    }
}

#[test]
fn extensions_without_an_end_are_refused() {
    let most = Limits::default().max_weight;
    let with = |length: usize| [b"5;", &vec![b'a'; length][..], b"\r\nhello\r\n0\r\n\r\n"].concat();
    for step in [100, 16000] {
        assert!(chunked(&with(most - 10), step).is_ok());
        let refused = chunked(&with(most + 10), step).unwrap_err();
        assert_eq!(refused, Some(ErrorKind::ChunkLineTooLong));
    }
    let many = b"1;aaaaaaaaa\r\nx\r\n".repeat(5000);
    let many = [&many[..], b"0\r\n\r\n"].concat();
    assert_eq!(chunked(&many, 1000).unwrap().0.len(), 5000);
}

#[test]
fn chunks_that_came_together_are_one_piece() {
    let mut buffer = Buffer::with_capacity(100);
    let mut body = BodyDecoder::new(BodyFraming::Chunked);
    let limits = Limits::default();
    buffer.append(b"3\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\nGET");
    assert_eq!(body.next(&mut buffer, &limits), Piece::Data(5));
    assert_eq!(&buffer.readable()[..5], b"abcde");
    assert!(body.ends_within(5) && !body.is_done());
    body.consume(&mut buffer, 2);
    assert_eq!(body.next(&mut buffer, &limits), Piece::Data(3));
    assert_eq!(&buffer.readable()[..3], b"cde");
    body.consume(&mut buffer, 3);
    assert_eq!(body.next(&mut buffer, &limits), Piece::End);
    assert!(body.is_done() && body.trailers().is_some());
    assert_eq!(buffer.readable(), b"GET");
}

#[test]
fn an_error_is_told_before_the_data_in_front_of_it() {
    for bad in [
        &b"3\r\nabc\r\nzz\r\n"[..],
        b"3\r\nabcd",
        b"3\r\nabc\r\n0\r\nX T\r\n\r\n",
    ] {
        let mut buffer = Buffer::with_capacity(100);
        let mut body = BodyDecoder::new(BodyFraming::Chunked);
        buffer.append(bad);
        let piece = body.next(&mut buffer, &Limits::default());
        assert!(matches!(piece, Piece::Error(_)), "{piece:?}");
    }
}

#[test]
fn a_malformed_chunk_is_refused() {
    let verdict = |bytes: &[u8]| whole(bytes).unwrap_err().unwrap();
    for bad in [
        &b" 5\r\n"[..],
        b"\r\n",
        b"g\r\n",
        b"-5\r\n",
        b"+5\r\n",
        b";\r\n",
        b"0x5\r\n",
        b"5\x0b\r\n",
        b"5\r\nhello\r\n\r\n",
    ] {
        assert_eq!(verdict(bad), ErrorKind::BadChunkSize);
    }
    for bad in [
        &b"5\r\nhelloX\r\n"[..],
        b"5\r\nhell\r\n0\r\n\r\n",
        b"5\r\nhello\r\r\n",
        b"5\r\nhello\n0\r\n\r\n",
    ] {
        assert_eq!(verdict(bad), ErrorKind::BadChunkEnd);
    }
    for bad in [&b"5\r\rhello"[..], b"5\rhello", b"5;a\rb\r\nhello"] {
        assert_eq!(verdict(bad), ErrorKind::BareCr);
    }
    for bad in [
        &b"5\nhello"[..],
        b"5;a\nhello",
        b"5\r\nhello\r\n0\n\n",
        b"0\r\nx: 1\n\n",
        b"0\r\n\n",
    ] {
        assert_eq!(verdict(bad), ErrorKind::BareLf);
    }
}

#[test]
fn a_chunk_has_thirteen_digits_at_most() {
    assert_eq!(whole(b"fffffffffffff\r\nab").unwrap_err(), None);
    assert_eq!(
        whole(b"10000000000000\r\nab").unwrap_err(),
        Some(ErrorKind::ChunkTooLarge)
    );
    assert_eq!(
        whole(b"ffffffffffffffff\r\nab").unwrap_err(),
        Some(ErrorKind::ChunkTooLarge)
    );
}

#[test]
fn trailers_are_told_and_what_follows_stays() {
    let (data, trailers, rest) = chunked(
        b"1\r\na\r\n0\r\nX-T: 1\r\nY:2\r\n 3\r\n\r\nGET /",
        usize::MAX,
    )
    .unwrap();
    assert_eq!((data, rest), (b"a".to_vec(), b"GET /".to_vec()));
    assert_eq!(
        trailers,
        [
            (b"x-t".to_vec(), b"1".to_vec()),
            (b"y".to_vec(), b"2   3".to_vec())
        ]
    );
    assert_eq!(
        whole(b"0\r\nbad\r\n\r\n").unwrap_err(),
        Some(ErrorKind::BadName)
    );
    assert_eq!(
        whole(b"0\r\nX : 1\r\n\r\n").unwrap_err(),
        Some(ErrorKind::BadName)
    );
}

#[test]
fn any_split_gives_the_same_chunks() {
    let bytes = b"5;x\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\nC: d\r\n\r\nrest";
    let expected = chunked(bytes, usize::MAX).unwrap();
    for step in 1..bytes.len() {
        assert_eq!(chunked(bytes, step).unwrap(), expected);
    }
}

#[test]
fn a_length_ends_after_its_bytes_and_a_close_ends_the_rest() {
    let limits = Limits::default();
    let mut buffer = Buffer::with_capacity(64);
    buffer.append(b"helloGET");
    let mut body = BodyDecoder::new(BodyFraming::Length(5));
    assert_eq!(body.next(&mut buffer, &limits), Piece::Data(5));
    assert!(!body.finish_at_close());
    body.consume(&mut buffer, 5);
    assert_eq!(body.next(&mut buffer, &limits), Piece::End);
    assert_eq!(buffer.readable(), b"GET");
    let mut body = BodyDecoder::new(BodyFraming::UntilClose);
    assert_eq!(body.next(&mut buffer, &limits), Piece::Data(3));
    body.consume(&mut buffer, 3);
    assert_eq!(
        (body.next(&mut buffer, &limits), body.left()),
        (Piece::Partial, None)
    );
    assert!(body.finish_at_close() && body.is_done());
    assert!(BodyDecoder::new(BodyFraming::Empty).is_done());
}

#[test]
fn chunk_sizes_are_written_in_upper_case() {
    for (length, line) in [
        (0, "0\r\n"),
        (10, "A\r\n"),
        (26, "1A\r\n"),
        (16384, "4000\r\n"),
        (usize::MAX, "FFFFFFFFFFFFFFFF\r\n"),
    ] {
        assert_eq!(chunk_prefix(length, &mut [0; 18]), line.as_bytes());
    }
}

proptest! {
    #[test]
    fn encoded_chunks_decode_to_the_data(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..10), step in 1usize..50) {
        let encoder = BodyEncoder::new(BodyFraming::Chunked);
        let mut out = Vec::new();
        parts.iter().for_each(|part| encoder.data(part, &mut out));
        encoder.end(None, &mut out);
        prop_assert_eq!(chunked(&out, step).unwrap().0, parts.concat());
    }

    #[test]
    fn any_cut_gives_the_same_verdict(bytes in "([0-3]{1,2}(;a)?\r\n[a0\r\n]{0,4}\r\n){0,3}0\r\n([a:]{1,3} ?b\r\n){0,2}[\r\n]{0,3}", step in 1usize..20) {
        prop_assert_eq!(chunked(bytes.as_bytes(), step), chunked(bytes.as_bytes(), usize::MAX));
    }

    #[test]
    fn no_bytes_make_the_chunk_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), step in 1usize..20) {
        let _ = chunked(&bytes, step);
        let _ = chunked(&[b"5\r\nhello\r\n0\r\n", &bytes[..]].concat(), step);
    }
}
