//! Why: fields are placed on the page as people see it, cropped and turned, while a PDF wants them in the page's own space.

use serde::{Deserialize, Serialize};

use crate::read::{object::Object, pages::Page};

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

impl Rect {
    /// Nothing is shown.
    pub(crate) fn is_invisible(&self) -> bool {
        self.width == 0.0 && self.height == 0.0
    }

    /// Why the rectangle cannot be used on a page of that size.
    pub(crate) fn fault(&self, (width, height): (f64, f64)) -> Option<String> {
        // Half a point more than the page, since placements come in rounded millimetres.
        const SLACK: f64 = 0.5;
        let numbers = [self.x, self.y, self.width, self.height];
        if !numbers.iter().all(|number| number.is_finite()) {
            return Some("its place is no number".to_owned());
        }
        if self.is_invisible() {
            return None;
        }
        if self.width < 1.0 || self.height < 1.0 {
            return Some("it is smaller than a point".to_owned());
        }
        let inside = self.x >= -SLACK
            && self.y >= -SLACK
            && self.x + self.width <= width + SLACK
            && self.y + self.height <= height + SLACK;
        (!inside).then(|| format!("it is outside the page, which is {width:.1} × {height:.1} points"))
    }
}

/// Width and height of the page as shown, in points.
pub(crate) fn shown_size(page: &Page) -> (f64, f64) {
    let [left, bottom, right, top] = page.shown;
    let (width, height) = ((right - left) * page.unit, (top - bottom) * page.unit);
    if page.rotate.is_multiple_of(180) { (width, height) } else { (height, width) }
}

/// The rectangle in the page's own space: left, bottom, right, top.
pub(crate) fn in_page_space(page: &Page, rect: &Rect) -> [f64; 4] {
    let [left, bottom, right, top] = page.shown;
    let (x, y) = (rect.x / page.unit, rect.y / page.unit);
    let (width, height) = (rect.width / page.unit, rect.height / page.unit);
    match page.rotate {
        90 => [right - y - height, bottom + x, right - y, bottom + x + width],
        180 => [right - x - width, top - y - height, right - x, top - y],
        270 => [left + y, top - x - width, left + y + height, top - x],
        _ => [left + x, bottom + y, left + x + width, bottom + y + height],
    }
}

/// The `/Matrix` that keeps a form upright on a page that is turned clockwise by `rotate` degrees.
pub(crate) fn upright_matrix(rotate: u16) -> Object {
    let numbers: [i64; 6] = match rotate {
        90 => [0, 1, -1, 0, 0, 0],
        180 => [-1, 0, 0, -1, 0, 0],
        270 => [0, -1, 1, 0, 0, 0],
        _ => [1, 0, 0, 1, 0, 0],
    };
    Object::Array(numbers.into_iter().map(Object::Integer).collect())
}

/// Four numbers as a PDF array.
pub(crate) fn numbers(values: &[f64]) -> Object {
    Object::Array(values.iter().map(|value| Object::number(*value)).collect())
}
