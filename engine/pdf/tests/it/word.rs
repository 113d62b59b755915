//! Why: a Word file becomes a PDF within limits, with its text, and without a word to anybody outside.

use std::{
    io::Write as _, net::TcpListener, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration,
};

use sealflow_pdf::{
    convert::word::{Error, Limits, Word},
    inspect,
};

use crate::support::tools::{folder, run};

/// A ZIP archive of files that are stored as they are.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut list = Vec::new();
    for (name, content) in files {
        let mut sum = flate2::Crc::new();
        sum.update(content.as_bytes());
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
        common.extend_from_slice(&sum.sum().to_le_bytes());
        common.extend_from_slice(&size);
        common.extend_from_slice(&size);
        common.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        bytes.write_all(b"PK\x03\x04").unwrap();
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content.as_bytes());
        list.extend_from_slice(b"PK\x01\x02\x14\x00");
        list.extend_from_slice(&common);
        list.extend_from_slice(&[0; 10]);
        list.extend_from_slice(&at);
        list.extend_from_slice(name.as_bytes());
    }
    let (at, size) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(list.len()).unwrap());
    bytes.extend_from_slice(&list);
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(&at.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;

/// A contract of two pages, with a picture that is somewhere else.
fn docx(picture: &str) -> Vec<u8> {
    let body = r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>
<w:p><w:r><w:t>采购合同（示例）</w:t></w:r></w:p>
<w:p><w:r><w:drawing><wp:inline><wp:extent cx="914400" cy="914400"/><wp:docPr id="1" name="p"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="0" name="p"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:link="r9"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="914400"/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>
<w:p><w:r><w:br w:type="page"/></w:r></w:p>
<w:p><w:r><w:t>Second page 第二页</w:t></w:r></w:p>
<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>"#;
    let relations = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="{picture}" TargetMode="External"/></Relationships>"#
    );
    archive(&[
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONS),
        ("word/document.xml", body),
        ("word/_rels/document.xml.rels", &relations),
    ])
}

fn found() -> Word {
    let word = Word::find(Limits::default());
    assert!(word.is_there(), "LibreOffice is missing: install libreoffice-writer-nogui; ops/test sets it up");
    word
}

#[tokio::test]
async fn a_contract_is_converted_and_nobody_outside_hears_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let picture = format!("http://{}/tracked.png", listener.local_addr().unwrap());
    let pdf = found().to_pdf(&docx(&picture)).await.unwrap();
    assert!(listener.accept().is_err(), "the linked picture was asked for");
    let pages = inspect(&pdf).unwrap().pages;
    assert_eq!(pages.len(), 2);
    assert!((pages[0].width - 595.3).abs() < 1.0 && (pages[0].height - 841.9).abs() < 1.0);
    let folder = folder(&pdf);
    let (_, text) = run("pdftotext", "poppler-utils", &["file.pdf", "-"], folder.path());
    assert!(text.contains("采购合同（示例）") && text.contains("第二页"), "{text}");
}

#[tokio::test]
async fn what_goes_over_a_limit_is_refused() {
    let refused = |limits: Limits| async move {
        let word = Word::find(limits);
        assert!(word.is_there(), "install libreoffice-writer-nogui; ops/test sets it up");
        match word.to_pdf(&docx("http://127.0.0.1:9/x.png")).await {
            Err(Error::Refused { why }) => why,
            other => panic!("{other:?}"),
        }
    };
    let why = refused(Limits { wall: Duration::from_millis(1), ..Limits::default() }).await;
    assert!(why.contains("longer than"), "{why}");
    refused(Limits { memory_bytes: 64 * 1024 * 1024, ..Limits::default() }).await;
    refused(Limits { output_bytes: 512, ..Limits::default() }).await;
}

#[tokio::test]
async fn without_libreoffice_it_says_so() {
    let word = Word::at(None, Limits::default());
    assert!(!word.is_there());
    let error = word.to_pdf(&docx("x.png")).await.unwrap_err();
    assert!(matches!(error, Error::Absent), "{error:?}");
    assert!(error.to_string().contains("libreoffice-writer-nogui") && error.to_string().contains("PDF"));
    let gone = Word::at(Some(PathBuf::from("/nowhere/soffice.bin")), Limits::default());
    assert!(matches!(gone.to_pdf(&docx("x.png")).await, Err(Error::Refused { .. } | Error::Io(_))));
}

#[tokio::test]
async fn who_will_not_wait_is_told_that_others_are_converted() {
    let folder = folder(b"");
    let limits = Limits { wall: Duration::from_secs(2), ..Limits::default() };
    let hanging = Word::at(Some(program(&folder, "exec sleep 600")), limits);
    let hurried = hanging.clone().patient_for(Duration::from_millis(1));
    let file = docx("x.png");
    tokio::select! {
        biased;
        answer = hanging.to_pdf(&file) => panic!("it should hang: {answer:?}"),
        answer = hurried.to_pdf(&file) => assert!(matches!(answer, Err(Error::Busy)), "{answer:?}"),
    }
    // Who was there first has gone, and his turn is over.
    let answer = hurried.to_pdf(&file).await;
    assert!(matches!(answer, Err(Error::Refused { .. })), "{answer:?}");
}

/// A program that does what the script says.
fn program(folder: &tempfile::TempDir, script: &str) -> PathBuf {
    let program = folder.path().join("soffice.bin");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// Signals to the group of one do not reach the other.
#[tokio::test]
async fn the_converter_has_a_process_group_of_its_own() {
    let folder = folder(b"");
    // The fifth word of its state is the group.
    let text = "read -r state < /proc/$$/stat; set -- $state; [ $5 = $$ ] && exit 3; exit 4";
    let error =
        Word::at(Some(program(&folder, text)), Limits::default()).to_pdf(&docx("x.png")).await.unwrap_err();
    assert!(error.to_string().contains("status 3"), "{error}");
}

#[tokio::test]
async fn what_is_no_word_file_is_refused_before_anything_runs() {
    let word = Word::at(None, Limits::default());
    let macros = archive(&[("word/document.xml", "x"), ("word/vbaProject.bin", "x")]);
    for (file, said) in [
        (b"%PDF-1.7".to_vec(), "no .docx"),
        (archive(&[("xl/workbook.xml", "x")]), "no Word document"),
        (macros, "macros"),
    ] {
        let error = word.to_pdf(&file).await.unwrap_err();
        assert!(matches!(error, Error::NotWord { .. }) && error.to_string().contains(said), "{error}");
    }
}
