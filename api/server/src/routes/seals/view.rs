//! Seals as those who manage them see them.

use sealflow_core::{
    ids::{OrganizationId, PersonId, SealId},
    model::contract_type::SealKind as ModelKind,
};
use sealflow_pdf::seal::{self, Color, Kind, SealSpec, Shape};
use sealflow_store::seals::{self, Grantee, Permission, Seal, Source};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mirrored::mirrored;

mirrored! {
    /// What a seal is used for.
    SealKind of ModelKind {
        /// 公章
        Official,
        /// 合同专用章
        Contract,
        /// 财务专用章
        Finance,
        /// 发票专用章
        Invoice,
        /// 人事专用章
        Hr,
        /// 法人章
        LegalRep,
        /// Any other seal.
        Other,
    }
}

mirrored! {
    /// The outer form.
    SealShape of Shape {
        /// A circle.
        Round,
        /// An ellipse.
        Oval,
        /// A triangle.
        Triangle,
        /// A square.
        Square,
    }
}

mirrored! {
    /// The ink.
    SealColor of Color {
        /// Seal red.
        Red,
        /// Stamp-pad blue.
        Blue,
        /// Black.
        Black,
    }
}

mirrored! {
    /// What an impression was made of.
    SealSource of Source {
        /// Drawn from its data.
        Template,
        /// Cut out of a photo or scan.
        Picture,
    }
}

mirrored! {
    /// What a grant allows.
    SealPermission of Permission {
        /// Put it on contracts.
        Use,
        /// Change, disable and grant it.
        Manage,
    }
}

impl SealKind {
    /// The same for the one who draws.
    pub(super) const fn drawn(self) -> Kind {
        match self {
            Self::Official => Kind::Official,
            Self::Contract => Kind::Contract,
            Self::Finance => Kind::Finance,
            Self::Invoice => Kind::Invoice,
            Self::Hr => Kind::Hr,
            Self::LegalRep => Kind::LegalRep,
            Self::Other => Kind::Other,
        }
    }

    /// What stands in the middle of such a seal; an official one has a star alone.
    pub(super) const fn words(self) -> Option<&'static str> {
        match self {
            Self::Contract => Some("合同专用章"),
            Self::Finance => Some("财务专用章"),
            Self::Invoice => Some("发票专用章"),
            Self::Hr => Some("人事专用章"),
            Self::Official | Self::LegalRep | Self::Other => None,
        }
    }
}

/// How a seal that was cut out of a picture is described in the table.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct PictureSpec {
    pub(super) color: Color,
    pub(super) width_mm: f64,
    pub(super) height_mm: f64,
}

/// A seal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManagedSeal {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: SealId,
    /// As the organization calls it.
    #[schema(example = "合同专用章")]
    name: String,
    /// What it is used for.
    kind: SealKind,
    /// What its impression was made of.
    source: SealSource,
    /// The outer form, of one that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<SealShape>,
    /// The ink.
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<SealColor>,
    /// Width in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    width_mm: Option<f64>,
    /// Height in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    height_mm: Option<f64>,
    /// A disabled seal is not put on anything.
    enabled: bool,
    /// When it was made.
    created_at_ms: i64,
    /// Where its picture is.
    #[schema(example = "/api/seals/019adf2c-6f00-7c3a-9d53-0c4de0a1b111/image.svg")]
    svg_url: String,
}

impl From<Seal> for ManagedSeal {
    fn from(seal: Seal) -> Self {
        let Seal { id, name, kind, source, spec, enabled, created_at_ms, .. } = seal;
        let (mut shape, mut color, mut size) = (None, None, None);
        match source {
            Source::Template => {
                if let Ok(spec) = serde_json::from_value::<SealSpec>(spec) {
                    shape = Some(spec.shape.into());
                    color = Some(spec.color.unwrap_or_default().into());
                    size = seal::size_mm(&spec).ok();
                }
            }
            Source::Picture => {
                if let Ok(spec) = serde_json::from_value::<PictureSpec>(spec) {
                    color = Some(spec.color.into());
                    size = Some((spec.width_mm, spec.height_mm));
                }
            }
        }
        Self {
            id,
            name,
            kind: kind.into(),
            source: source.into(),
            shape,
            color,
            width_mm: size.map(|size| size.0),
            height_mm: size.map(|size| size.1),
            enabled,
            created_at_ms,
            svg_url: format!("/api/seals/{id}/image.svg"),
        }
    }
}

/// The seals of an organization that the person may manage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SealList {
    /// The organization's registered name, which its seals show.
    #[schema(example = "示例采购有限公司")]
    pub(super) organization_name: String,
    /// The person may make further ones.
    pub(super) may_create: bool,
    /// How many there may be.
    #[schema(example = 50)]
    pub(super) max: i64,
    /// The enabled ones first, by name.
    pub(super) seals: Vec<ManagedSeal>,
}

impl SealList {
    pub(super) fn new(organization_name: String, may_create: bool, seals: Vec<Seal>) -> Self {
        let seals = seals.into_iter().map(ManagedSeal::from).collect();
        Self { organization_name, may_create, max: seals::MAX, seals }
    }
}

/// A seal, with the members of its organization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SealDetail {
    /// The seal.
    pub(super) seal: ManagedSeal,
    /// Whose it is.
    #[schema(value_type = String, format = "uuid")]
    pub(super) organization_id: OrganizationId,
    /// The members, and what each may do with it.
    pub(super) people: Vec<SealPerson>,
}

/// A member, and what it may do with a seal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SealPerson {
    /// Who.
    #[schema(value_type = String, format = "uuid")]
    person_id: PersonId,
    /// The person's name.
    #[schema(example = "示例经办人")]
    name: String,
    /// First three and last four digits.
    #[schema(example = "138****0002")]
    phone_masked: String,
    /// What was granted.
    permissions: Vec<SealPermission>,
}

impl From<Grantee> for SealPerson {
    fn from(grantee: Grantee) -> Self {
        Self {
            person_id: grantee.person_id,
            name: grantee.name,
            phone_masked: grantee.phone.masked(),
            permissions: grantee.permissions.into_iter().map(SealPermission::from).collect(),
        }
    }
}

/// An impression that is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SealPreview {
    /// The impression, exactly as it would be stamped.
    pub(super) svg: String,
    /// Width in millimetres.
    #[schema(example = 42.0)]
    pub(super) width_mm: f64,
    /// Height in millimetres.
    #[schema(example = 42.0)]
    pub(super) height_mm: f64,
}
