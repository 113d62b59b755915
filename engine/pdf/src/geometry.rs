//! Why: fields are placed on the page as people see it, cropped and turned, while a PDF wants them in its own space.

use serde::{Deserialize, Serialize};

/// A rectangle in PDF points (1/72 inch) on the page as it is shown: after cropping and turning, with the origin in the
/// lower left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// From the left edge to the rectangle.
    pub x: f64,
    /// From the lower edge to the rectangle.
    pub y: f64,
    /// Width; 0 with a height of 0 for an invisible signature field.
    pub width: f64,
    /// Height.
    pub height: f64,
}
