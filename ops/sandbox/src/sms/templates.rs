//! The approved texts. At a real vendor people write and approve them on its pages; the domain of every link is part
//! of the text, because the vendor refuses addresses as variables.

use std::collections::BTreeMap;

use url::Url;

use super::Refusal;

/// The approved signature (签名).
pub const SIGN_NAME: &str = "示例签";

/// Name and code of every approved template, for the configuration of the other end.
pub const TEMPLATE_CODES: [(&str, &str); 6] = [
    ("login_code", "SMS_100000001"),
    ("intent_code", "SMS_100000002"),
    ("sign_request", "SMS_100000003"),
    ("completed", "SMS_100000004"),
    ("reminder", "SMS_100000005"),
    ("declined", "SMS_100000006"),
];

/// Longest value of a variable, in characters.
const VALUE_CHARS_MAX: usize = 35;

/// The texts by code.
#[derive(Debug)]
pub(crate) struct Templates {
    texts: BTreeMap<&'static str, String>,
}

impl Templates {
    /// The texts of a platform that people reach at `public_url`.
    pub(crate) fn for_platform(public_url: &Url) -> Self {
        let site = public_url.as_str().trim_end_matches('/');
        let texts = TEMPLATE_CODES.into_iter().map(|(name, code)| (code, text(name, site)));
        Self { texts: texts.collect() }
    }

    /// The text with its variables filled in, as it arrives on the phone.
    pub(super) fn render(
        &self,
        sign_name: &str,
        code: &str,
        parameters: Option<&str>,
    ) -> Result<String, Refusal> {
        if sign_name != SIGN_NAME {
            return Err(Refusal::service("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"));
        }
        let Some(template) = self.texts.get(code) else {
            return Err(Refusal::service("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板"));
        };
        let values: BTreeMap<String, String> = serde_json::from_str(parameters.unwrap_or("{}"))
            .map_err(|_| Refusal::service("isv.INVALID_JSON_PARAM", "JSON 参数不合法，只接受字符串值"))?;
        let mut text = format!("【{sign_name}】");
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(value(&values, name)?);
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }
}

fn value<'a>(values: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Refusal> {
    let value = values.get(name).map(String::as_str).unwrap_or_default();
    if value.is_empty() {
        return Err(Refusal::service("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量中存在未赋值变量"));
    }
    if value.chars().count() > VALUE_CHARS_MAX {
        return Err(Refusal::service("isv.PARAM_LENGTH_LIMIT", "参数超过长度限制"));
    }
    if value.contains("://") || value.contains("www.") {
        return Err(Refusal::service("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入 URL"));
    }
    Ok(value)
}

fn text(name: &str, site: &str) -> String {
    match name {
        "login_code" => "验证码${code}，您正在登录，10分钟内有效，请勿告知他人。".to_owned(),
        "intent_code" => {
            "验证码${code}，您正在确认签署《${title}》，10分钟内有效。如非本人操作，请勿告知他人。".to_owned()
        }
        "sign_request" => format!("您有一份合同待签署，请登录{site}/h5/s/${{token}}进行查看并签署"),
        "completed" => format!("一份由您参与的合同已全部完成签署，请登录{site}/h5进行查看"),
        "reminder" => {
            format!("您有一份合同仍待签署，请尽快登录{site}/h5/s/${{token}}进行查看并签署")
        }
        _ => format!("一份由您参与的合同已被拒签，请登录{site}/h5进行查看"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use super::*;

    fn templates() -> Templates {
        Templates::for_platform(&"http://127.0.0.1:8080/".parse().unwrap())
    }

    #[test]
    fn the_texts_are_worded_as_promised() {
        let text = templates().render("示例签", "SMS_100000003", Some(r#"{"token":"aB-1_x"}"#)).unwrap();
        assert_eq!(
            text,
            "【示例签】您有一份合同待签署，请登录http://127.0.0.1:8080/h5/s/aB-1_x进行查看并签署"
        );
        let text = templates().render("示例签", "SMS_100000004", None).unwrap();
        assert_eq!(
            text,
            "【示例签】一份由您参与的合同已全部完成签署，请登录http://127.0.0.1:8080/h5进行查看"
        );
    }

    #[test]
    fn what_the_vendor_refuses_is_refused_with_its_code() {
        let refused = |sign, code, parameters| templates().render(sign, code, parameters).unwrap_err().code;
        let login = "SMS_100000001";
        assert_eq!(refused("别的签", login, None), "isv.SMS_SIGNATURE_ILLEGAL");
        assert_eq!(refused("示例签", "SMS_1", None), "isv.SMS_TEMPLATE_ILLEGAL");
        assert_eq!(refused("示例签", login, None), "isv.TEMPLATE_MISSING_PARAMETERS");
        assert_eq!(refused("示例签", login, Some(r#"{"code":123456}"#)), "isv.INVALID_JSON_PARAM");
        assert_eq!(refused("示例签", login, Some(r#"{"code":"http://a"}"#)), "isv.PARAM_NOT_SUPPORT_URL");
        let long = format!(r#"{{"code":"{}"}}"#, "1".repeat(36));
        assert_eq!(refused("示例签", login, Some(&long)), "isv.PARAM_LENGTH_LIMIT");
    }
}
