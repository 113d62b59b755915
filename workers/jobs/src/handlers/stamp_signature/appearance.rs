//! From what a field holds to what it shows.

use sealflow_core::model::contract_type;
use sealflow_pdf::{
    Appearance, FieldAppearance, Strokes,
    appearance::{Align, Overflow, Point, TextFont, TextStyle},
    seal::Color,
};
use sealflow_store::{fields, seals};

use super::Part;
use crate::registry::{Ctx, JobError};

/// What each field of the part shows from now on.
pub(super) async fn of(ctx: &Ctx, part: &Part<'_>) -> Result<Vec<FieldAppearance>, JobError> {
    let mut shown = Vec::with_capacity(part.filled.len());
    for field in &part.filled {
        let Some(value) = &field.value else { continue };
        let appearance = match value {
            fields::Value::Signature(drawn) => Appearance::Strokes(strokes(drawn)),
            fields::Value::Seal { seal_id } => {
                let mut read = ctx.store().read().await?;
                // Disabled after it was confirmed: unusable at once (停用).
                let is_enabled = seals::get(&mut read, *seal_id).await?.is_some_and(|seal| seal.enabled);
                match seals::impression(&mut read, *seal_id).await? {
                    Some(svg) if is_enabled => Appearance::Svg { svg },
                    _ => {
                        return Err(JobError::GiveUp {
                            reason: format!("the seal {seal_id} cannot be used"),
                        });
                    }
                }
            }
            fields::Value::Image { sha256, .. } => {
                let svg = ctx.store().blobs().get(sha256).await.map_err(|error| JobError::retry(&error))?;
                let svg = String::from_utf8(svg.to_vec()).map_err(|error| JobError::give_up(&error))?;
                Appearance::Svg { svg }
            }
            fields::Value::Date { date: text } | fields::Value::Text { text } => Appearance::Text {
                text: text.clone(),
                style: field.style.as_ref().map(style).unwrap_or_default(),
            },
        };
        shown.push(FieldAppearance { field: field.name.clone(), appearance });
    }
    Ok(shown)
}

/// How the sender wants a text to be set.
fn style(wanted: &contract_type::TextStyle) -> TextStyle {
    use contract_type::{TextAlign, TextColor, TextFont as Face, TextOverflow};
    TextStyle {
        font: match wanted.font {
            Face::Sans => TextFont::Sans,
            Face::Serif => TextFont::Serif,
        },
        size: wanted.size,
        color: match wanted.color {
            TextColor::Black => [0; 3],
            TextColor::Red => Color::Red.rgb(),
            TextColor::Blue => Color::Blue.rgb(),
        },
        align: match wanted.align {
            TextAlign::Left => Align::Left,
            TextAlign::Center => Align::Center,
            TextAlign::Right => Align::Right,
        },
        overflow: match wanted.overflow {
            TextOverflow::Shrink => Overflow::Shrink,
            TextOverflow::Wrap => Overflow::Wrap,
            TextOverflow::Refuse => Overflow::Refuse,
        },
    }
}

fn strokes(drawn: &fields::Strokes) -> Strokes {
    let points =
        |stroke: &Vec<fields::Point>| stroke.iter().map(|p| Point { x: p.x, y: p.y, w: p.w }).collect();
    Strokes { strokes: drawn.strokes.iter().map(points).collect(), width: drawn.width, height: drawn.height }
}
