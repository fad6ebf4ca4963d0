//! Text formats: encodings, depth, width.

use super::{Hostile, hostile};

fn sheets() -> Vec<Hostile> {
    vec![
        hostile(
            "large.csv",
            "the file as a whole: has 50 MiB; 20 can be read",
            || [b"a,\"".to_vec(), vec![b'x'; (50 << 20) - 3]].concat(),
        ),
        hostile(
            "field.csv",
            "line 2, column `B`: has 8388608 characters",
            || [b"a,b\n1,\"".to_vec(), vec![b'x'; 8 << 20], b"\"\n".to_vec()].concat(),
        ),
        hostile("quote.csv", "line 2, column `A`: has ", || {
            [b"a,b\n\"".to_vec(), b"1,2\n".repeat(20_000)].concat()
        }),
        hostile(
            "columns.csv",
            "line 1: has 1000001 columns; 500 can be read",
            || vec![b','; 1_000_000],
        ),
        hostile(
            "rows.csv",
            "line 200001: the document has more than 200000 rows",
            || b"1\n".repeat(300_000),
        ),
        hostile(
            "cells.csv",
            "the document has more than 2000000 cells",
            || [b",".repeat(499), b"1\n".to_vec()].concat().repeat(10_000),
        ),
        hostile("nul.csv", "line 2: holds a NUL byte", || {
            b"question,answer\nwhat,th\0is\n".to_vec()
        }),
        hostile("mix.csv", "line 2: is UTF-8 up to here", || {
            [
                "常见问题,标准答案\n几点上班,".as_bytes(),
                b"\xbe\xc5\xb5\xe3\n",
            ]
            .concat()
        }),
        hostile("latin.csv", "line 2: is neither UTF-8 nor GB 18030", || {
            b"question,answer\ncaf\xe9,\xff\xfe\n".to_vec()
        }),
        hostile("mark.csv", "line 1: is UTF-16 without a mark", || {
            "a,b\n1,2\n"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect()
        }),
        hostile("half.csv", "is not UTF-16LE", || {
            b"\xff\xfea\0,\0b\0\n\0\x00\xd8x".to_vec()
        }),
        hostile("empty.csv", "is empty", Vec::new),
        hostile("blank.csv", "holds no text", || b",,,\n,,,\n\n".to_vec()),
        hostile("archive.csv", "is no text; is its name right?", || {
            b"PK\x03\x04....".to_vec()
        }),
    ]
}

fn pages() -> Vec<Hostile> {
    vec![
        hostile(
            "deep.html",
            "line 1: its elements lie more than 1000 deep",
            || "<div>".repeat(100_000).into_bytes(),
        ),
        hostile(
            "crossed.html",
            "its elements lie more than 1000 deep",
            || "<div></td>".repeat(100_000).into_bytes(),
        ),
        hostile(
            "formatting.html",
            "its elements lie more than 1000 deep",
            || {
                let tags: String = (0..50_000).map(|id| format!("<p><b id={id}>")).collect();
                tags.into_bytes()
            },
        ),
        hostile("cells.html", "paragraph 1, row 1: has 501 columns", || {
            ["<table><tr>", &"<td>1".repeat(1_000_000)]
                .concat()
                .into_bytes()
        }),
        hostile("span.html", "paragraph 1, row 1: has 501 columns", || {
            b"<table><tr><td colspan=1000000000 rowspan=1000000000>x</table>".to_vec()
        }),
        hostile(
            "rows.html",
            "the document has more than 200000 rows",
            || {
                ["<table>", &"<tr><td>1".repeat(300_000)]
                    .concat()
                    .into_bytes()
            },
        ),
        hostile("attributes.html", "holds no text", || {
            let attributes: String = (0..100_000).map(|name| format!(" a{name}=1")).collect();
            format!("<p{attributes}>").into_bytes()
        }),
        hostile("open.html", "holds no text", || {
            ["<!--", &"x".repeat(1 << 20)].concat().into_bytes()
        }),
        hostile("script.html", "holds no text", || {
            ["<script>", &"<div>".repeat(10_000)].concat().into_bytes()
        }),
        hostile("charset.html", "neither UTF-8 nor GB 18030", || {
            b"<meta charset=utf-7><p>\xff\xff\xff".to_vec()
        }),
    ]
}

fn texts() -> Vec<Hostile> {
    vec![
        hostile("quotes.md", "line 1: lies more than 100 deep", || {
            [">".repeat(100_000), "x".to_owned()].concat().into_bytes()
        }),
        hostile("lists.md", "lies more than 100 deep", || {
            let items: String = (0..500)
                .map(|depth| format!("{}- x\n", "  ".repeat(depth)))
                .collect();
            items.into_bytes()
        }),
        hostile("brackets.md", "line 1: has 1000000 characters", || {
            "[".repeat(1_000_000).into_bytes()
        }),
        hostile("stars.md", "line 1: has ", || {
            "*a_ ".repeat(100_000).into_bytes()
        }),
        hostile(
            "html.md",
            "line 1: its HTML lies too deep in itself",
            || {
                [&"<div>".repeat(50_000), "\n\n后面的话"]
                    .concat()
                    .into_bytes()
            },
        ),
        hostile("line.txt", "line 1: has 15728640 characters", || {
            vec![b'x'; 15 << 20]
        }),
        hostile("binary.txt", "line 2: is neither", || {
            (0..=255).cycle().take(100_000).collect()
        }),
        hostile("letter.txt", "is no text", || {
            b"%PDF-1.7 and so on".to_vec()
        }),
        hostile(
            "none",
            "csv, xlsx, xls, docx, pdf, md, html and txt can",
            || b"x".to_vec(),
        ),
        hostile("photo.jpg", "a picture holds no text", || {
            b"\xff\xd8\xff\xe0".to_vec()
        }),
    ]
}

pub fn all() -> Vec<Hostile> {
    [sheets(), pages(), texts()].into_iter().flatten().collect()
}
