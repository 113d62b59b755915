//! The texts that people receive. Their wording is approved by and kept at the vendor; here are only names and
//! variables. The domain of a link is part of the approved text, a variable carries its last part alone.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// Characters that one variable may have before the vendor refuses it (`isv.PARAM_LENGTH_LIMIT`).
const VARIABLE_CHARS_MAX: usize = 35;
/// A title is quoted in the middle of a sentence; longer ones are shortened to stay readable.
const TITLE_CHARS_MAX: usize = 20;

/// What is to be said.
#[derive(Clone, PartialEq, Eq)]
pub enum Template {
    /// The code that logs a person in.
    LoginCode {
        /// Six digits.
        code: String,
    },
    /// The code that confirms the will to sign one contract.
    IntentCode {
        /// Six digits.
        code: String,
        /// The contract's title, so that the person sees what the code is for.
        title: String,
    },
    /// A contract waits for this person.
    SignRequest {
        /// Last part of the link.
        token: String,
    },
    /// The contract still waits.
    Reminder {
        /// Last part of the link.
        token: String,
    },
    /// Everybody has signed.
    Completed,
    /// One recipient has declined.
    Declined,
}

/// The vendor's code of every approved template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateCodes {
    /// For [`Template::LoginCode`].
    pub login_code: String,
    /// For [`Template::IntentCode`].
    pub intent_code: String,
    /// For [`Template::SignRequest`].
    pub sign_request: String,
    /// For [`Template::Reminder`].
    pub reminder: String,
    /// For [`Template::Completed`].
    pub completed: String,
    /// For [`Template::Declined`].
    pub declined: String,
}

impl Template {
    /// The name that jobs and logs use; carries nothing personal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LoginCode { .. } => "login_code",
            Self::IntentCode { .. } => "intent_code",
            Self::SignRequest { .. } => "sign_request",
            Self::Reminder { .. } => "reminder",
            Self::Completed => "completed",
            Self::Declined => "declined",
        }
    }

    /// The vendor's code.
    pub(super) fn code<'a>(&self, codes: &'a TemplateCodes) -> &'a str {
        match self {
            Self::LoginCode { .. } => &codes.login_code,
            Self::IntentCode { .. } => &codes.intent_code,
            Self::SignRequest { .. } => &codes.sign_request,
            Self::Reminder { .. } => &codes.reminder,
            Self::Completed => &codes.completed,
            Self::Declined => &codes.declined,
        }
    }

    /// The variables as the vendor wants them: one JSON object of strings; `None` where the text has none.
    pub(super) fn variables(&self) -> Option<String> {
        let variables = match self {
            Self::LoginCode { code } => json!({"code": code}),
            Self::IntentCode { code, title } => json!({"code": code, "title": shorten(title)}),
            Self::SignRequest { token } | Self::Reminder { token } => json!({"token": token}),
            Self::Completed | Self::Declined => return None,
        };
        Some(variables.to_string())
    }

    /// Whether every variable fits the vendor's limit.
    pub(super) fn fits(&self) -> bool {
        let fits = |value: &str| !value.is_empty() && value.chars().count() <= VARIABLE_CHARS_MAX;
        match self {
            Self::LoginCode { code } => fits(code),
            Self::IntentCode { code, title } => fits(code) && !title.is_empty(),
            Self::SignRequest { token } | Self::Reminder { token } => fits(token),
            Self::Completed | Self::Declined => true,
        }
    }
}

/// The name only: codes and tokens stay out of logs.
impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

fn shorten(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS_MAX {
        return title.to_owned();
    }
    let mut short: String = title.chars().take(TITLE_CHARS_MAX - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_title_is_shortened_by_characters() {
        let title = "示例采购有限公司二〇二六年度办公设备采购框架合同";
        let template = Template::IntentCode { code: "123456".into(), title: title.into() };
        assert_eq!(
            template.variables().as_deref(),
            Some(r#"{"code":"123456","title":"示例采购有限公司二〇二六年度办公设备采…"}"#)
        );
        assert!(template.fits());
        assert!(!Template::LoginCode { code: "1".repeat(36) }.fits());
        assert!(!Template::SignRequest { token: String::new() }.fits());
    }

    #[test]
    fn debug_output_keeps_codes_and_tokens_secret() {
        let printed = format!("{:?}", Template::LoginCode { code: "123456".into() });
        assert_eq!(printed, "login_code");
    }
}
