//! What is wrong with one entry, in the client's language.
//!
//! Rules speak in the words of the validation library or in one of the names below; here they become sentences.

use super::{Language, feature};

pub(crate) const PHONE: &str = "phone_not_valid";
pub(crate) const PHONE_REFUSED: &str = "phone_refused";
pub(crate) const CODE: &str = "code_not_six_digits";
pub(crate) const BLANK: &str = "blank";
pub(crate) const CONTROL: &str = "control_characters";
pub(crate) const DEADLINE: &str = "deadline_not_in_future";
pub(crate) const VALUE_KIND: &str = "value_does_not_fit";
pub(crate) const STROKES: &str = "strokes_not_valid";
pub(crate) const ORGANIZATION: &str = "organization_needed";
pub(crate) const NO_ORGANIZATION: &str = "organization_not_wanted";
pub(crate) const ROLE: &str = "role_not_free";
pub(crate) const ROLE_UNFILLED: &str = "role_unfilled";
pub(crate) const TRANSACTOR: &str = "not_a_transactor";
pub(crate) const SAME_PERSON: &str = "same_person_twice";
pub(crate) const ALPHANUMERIC: &str = "not_digits_or_letters";
pub(crate) const SEAL_SHAPE: &str = "seal_shape_not_for_kind";
pub(crate) const SEAL_TEXT: &str = "seal_text_not_wanted";
pub(crate) const SEAL_TEXT_NEEDED: &str = "seal_text_needed";
pub(crate) const SEAL_PERSON: &str = "seal_person_not_valid";
pub(crate) const SEAL_NAME_LENGTH: &str = "seal_organization_name_length";
pub(crate) const TEXT_FIT: &str = "text_does_not_fit";
pub(crate) const FIELD_SETTING: &str = "field_setting_not_for_kind";
pub(crate) const FIELD_ROLE: &str = "field_role_not_valid";
pub(crate) const FIELD_DOCUMENT: &str = "field_document_unknown";
pub(crate) const FIELD_PLACE: &str = "field_has_no_place";
/// Followed by how many pages, and the document's name.
pub(crate) const CROSS_PAGES: &str = "cross_pages:";
/// Followed by the character that no seal can show.
pub(crate) const GLYPH: &str = "glyph_missing:";
/// Followed by the character that no text field can show.
pub(crate) const TEXT_GLYPH: &str = "text_glyph_missing:";
/// Followed by what is possible, in millimetres.
pub(crate) const WIDTH: &str = "width_mm:";

/// The sentence for a rule's message; a message that is no rule's name is passed on.
pub(super) fn words(message: &str, language: Language) -> String {
    if let Some(sentence) = feature::named(message, language) {
        return sentence;
    }
    if let Some(character) = message.strip_prefix(GLYPH).map(seen) {
        return match language {
            Language::Chinese => format!("“{character}”无法绘制在印章上，请更换"),
            Language::English => format!("“{character}” cannot be drawn on a seal; use another character"),
        };
    }
    if let Some(character) = message.strip_prefix(TEXT_GLYPH).map(seen) {
        return match language {
            Language::Chinese => format!("“{character}”无法显示在文件上，请删去或更换"),
            Language::English => {
                format!("“{character}” cannot be shown on the document; remove or replace it")
            }
        };
    }
    if let Some((pages, document)) = message.strip_prefix(CROSS_PAGES).and_then(|told| told.split_once(':')) {
        return match language {
            Language::Chinese => format!("“{document}”上的骑缝章只覆盖 {pages} 页"),
            Language::English => format!("on “{document}” it would go over {pages} pages"),
        };
    }
    if let Some(range) = message.strip_prefix(WIDTH) {
        return match language {
            Language::Chinese => format!("宽度应为 {range} 毫米"),
            Language::English => format!("the width must be {range} mm"),
        };
    }
    if let Some((zh, en)) = named(message) {
        return match language {
            Language::Chinese => zh.into(),
            Language::English => en.into(),
        };
    }
    if language == Language::English {
        return message.into();
    }
    let limits = [
        ("length is lower than ", "至少需要 ", " 个"),
        ("length is greater than ", "最多 ", " 个"),
        ("lower than ", "不能小于 ", ""),
        ("greater than ", "不能大于 ", ""),
    ];
    let translated = limits.iter().find_map(|(start, before, after)| {
        message.strip_prefix(start).map(|limit| format!("{before}{limit}{after}"))
    });
    translated.unwrap_or_else(|| "格式不正确".into())
}

/// The character, or its number where nobody would see it between the quotation marks.
fn seen(character: &str) -> String {
    let is_unseen = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    match character.chars().next() {
        Some(first) if is_unseen(first) => format!("U+{:04X}", u32::from(first)),
        _ => character.to_owned(),
    }
}

fn named(message: &str) -> Option<(&'static str, &'static str)> {
    Some(match message {
        PHONE => ("请输入 11 位手机号码", "enter a mobile number of 11 digits"),
        PHONE_REFUSED => ("该手机号码不能使用，请更换", "this number cannot be used; give another one"),
        CODE => ("请输入 6 位数字验证码", "enter the 6 digits of the code"),
        BLANK => ("不能为空", "must not be blank"),
        CONTROL => ("不能包含控制字符", "must not contain control characters"),
        DEADLINE => {
            ("截止时间必须晚于现在，且不超过十年", "the deadline must be in the future, and within ten years")
        }
        VALUE_KIND => ("填写的内容与签署区类型不符", "this value does not fit the field's kind"),
        STROKES => ("签名笔迹无效，请重新书写", "the drawn signature is not valid; draw it again"),
        ORGANIZATION => ("请选择签署企业", "choose the organization that signs"),
        NO_ORGANIZATION => ("个人签署方不需要企业", "a person signs without an organization"),
        ROLE => ("该角色不存在或已有参与方", "this role does not exist or is taken"),
        ROLE_UNFILLED => ("该角色还没有参与方", "this role has no recipient yet"),
        TRANSACTOR => {
            ("该手机号不是所选企业的经办人", "this number is not that of a transactor of the organization")
        }
        SAME_PERSON => ("同一手机号不能重复作为签署方", "the same phone number cannot sign twice"),
        ALPHANUMERIC => ("只能包含数字和字母", "only digits and letters are possible"),
        TEXT_FIT => ("文字在此处放不下，请缩短", "the text does not fit here; make it shorter"),
        FIELD_SETTING => ("此设置不适用于该类签署区", "this setting is not for fields of this kind"),
        FIELD_ROLE => ("该参与方不能填写此签署区", "this role cannot fill the field"),
        FIELD_DOCUMENT => ("签署区所在的文件已移除", "the field is on a document that is not there"),
        FIELD_PLACE => {
            ("签署区不在文件页面之内", "the field is on no page of the document, or beyond its edge")
        }
        SEAL_SHAPE => ("法人章须为方形", "a legal representative's seal is a square"),
        SEAL_TEXT => ("该种印章没有此项文字", "this kind of seal has no such text"),
        SEAL_TEXT_NEEDED => ("请填写印章的横向文字", "give the text in the seal's middle"),
        SEAL_PERSON => (
            "请填写 2 至 12 个字的法定代表人姓名",
            "give the legal representative's name, 2 to 12 characters",
        ),
        SEAL_NAME_LENGTH => (
            "企业名称须为 4 至 40 个字才能生成印章，请改为上传印章图片",
            "an organization's name must have 4 to 40 characters to be drawn; upload a picture of the seal instead",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{GLYPH, Language, PHONE, TEXT_GLYPH, words};

    #[test]
    fn a_character_that_cannot_be_drawn_is_told_so_that_it_is_seen() {
        let told = |rule: &str, character: char| words(&format!("{rule}{character}"), Language::Chinese);
        assert_eq!(told(GLYPH, '😀'), "“😀”无法绘制在印章上，请更换");
        assert_eq!(told(GLYPH, '\u{0}'), "“U+0000”无法绘制在印章上，请更换");
        assert_eq!(told(TEXT_GLYPH, '😀'), "“😀”无法显示在文件上，请删去或更换");
        assert_eq!(told(TEXT_GLYPH, '\u{2060}'), "“U+2060”无法显示在文件上，请删去或更换");
    }

    #[test]
    fn rules_are_told_in_the_clients_language() {
        assert_eq!(words(PHONE, Language::Chinese), "请输入 11 位手机号码");
        assert_eq!(words(PHONE, Language::English), "enter a mobile number of 11 digits");
        assert_eq!(words("length is greater than 64", Language::Chinese), "最多 64 个");
        assert_eq!(words("length is greater than 64", Language::English), "length is greater than 64");
        assert_eq!(words("expected a string", Language::Chinese), "格式不正确");
    }
}
