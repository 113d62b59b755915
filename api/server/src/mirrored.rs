//! Enums that stand in the API and elsewhere: the API has words of its own for its document, and no other crate knows of them.

/// Declares an enum of the API that has the variants of one elsewhere, and the ways between them.
macro_rules! mirrored {
    ($(#[$meta:meta])* $name:ident of $other:ty { $($(#[$doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($(#[$doc])* $variant),+ }

        impl From<$other> for $name {
            fn from(other: $other) -> Self {
                match other { $(<$other>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $other {
            fn from(own: $name) -> Self {
                match own { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}
pub(crate) use mirrored;
