//! Why: what a file shows is judged by what other programs make of it, in pixels.

use std::{fs, path::Path};

use super::tools::{folder, run};

/// A picture of a page or seal.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

pub(crate) const fn red([r, g, b]: [u8; 3]) -> bool {
    r > 150 && g < 100 && b < 100
}

pub(crate) const fn black([r, g, b]: [u8; 3]) -> bool {
    r < 100 && g < 100 && b < 100
}

/// A page by poppler; at 72 dots an inch a pixel is a point.
pub(crate) fn render(file: &[u8], page: usize, dots: u32) -> Picture {
    let folder = folder(file);
    let (page, dots) = (page.to_string(), dots.to_string());
    let arguments = ["-r", &dots, "-cropbox", "-singlefile", "-f", &page, "-l", &page, "file.pdf", "page"];
    let (good, text) = run("pdftoppm", "poppler-utils", &arguments, folder.path());
    assert!(good, "{text}");
    read(&folder.path().join("page.ppm"))
}

/// A page by MuPDF.
pub(crate) fn render_by_mupdf(file: &[u8], page: usize, dots: u32) -> Picture {
    let folder = folder(file);
    draw(folder.path(), "file.pdf", page, dots)
}

/// An SVG by MuPDF, on white.
pub(crate) fn render_svg(svg: &str, dots: u32) -> Picture {
    let folder = folder(b"");
    fs::write(folder.path().join("seal.svg"), svg).unwrap();
    draw(folder.path(), "seal.svg", 1, dots)
}

fn draw(folder: &Path, name: &str, page: usize, dots: u32) -> Picture {
    let (page, dots) = (page.to_string(), dots.to_string());
    let arguments = ["draw", "-q", "-F", "ppm", "-r", &dots, "-o", "page.ppm", name, &page];
    let (good, text) = run("mutool", "mupdf-tools", &arguments, folder);
    assert!(good, "{text}");
    read(&folder.join("page.ppm"))
}

fn read(path: &Path) -> Picture {
    let bytes = fs::read(path).unwrap();
    // Magic, sizes and the largest value, each ended by a blank; then the pixels.
    let words: Vec<&[u8]> = bytes.splitn(5, u8::is_ascii_whitespace).collect();
    let number = |at: usize| std::str::from_utf8(words[at]).unwrap().parse().unwrap();
    Picture { width: number(1), height: number(2), pixels: words[4].to_vec() }
}

pub(crate) fn float(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}

impl Picture {
    pub(crate) fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]
    }

    /// Points with that colour, counted from the lower left corner.
    pub(crate) fn points(&self, is: impl Fn([u8; 3]) -> bool) -> impl Iterator<Item = (f64, f64)> {
        let pixels = self.pixels.chunks_exact(3).enumerate();
        pixels.filter(move |(_, pixel)| is([pixel[0], pixel[1], pixel[2]])).map(|(index, _)| {
            let (x, y) = (index % self.width, self.height - 1 - index / self.width);
            (float(x) + 0.5, float(y) + 0.5)
        })
    }

    /// Left, bottom, width and height of all points with that colour.
    pub(crate) fn bounds(&self, is: impl Fn([u8; 3]) -> bool) -> [f64; 4] {
        let mut low = (f64::INFINITY, f64::INFINITY);
        let mut high = (0.0_f64, 0.0_f64);
        for (x, y) in self.points(is) {
            low = (low.0.min(x - 0.5), low.1.min(y - 0.5));
            high = (high.0.max(x + 0.5), high.1.max(y + 0.5));
        }
        [low.0, low.1, high.0 - low.0, high.1 - low.1]
    }

    pub(crate) fn any(&self, is: impl Fn([u8; 3]) -> bool, [left, bottom, width, height]: [f64; 4]) -> bool {
        self.points(is).any(|(x, y)| x > left && x < left + width && y > bottom && y < bottom + height)
    }

    /// The part of the picture from the upper left corner on.
    pub(crate) fn part(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        let rows = (top..top + height).flat_map(|y| (left..left + width).flat_map(move |x| self.at(x, y)));
        Self { width, height, pixels: rows.collect() }
    }

    /// Pictures of one height side by side.
    pub(crate) fn beside(pictures: &[Self]) -> Self {
        let height = pictures.iter().map(|picture| picture.height).min().unwrap();
        let pixels = (0..height).flat_map(|y| {
            pictures.iter().flat_map(move |one| (0..one.width).flat_map(move |x| one.at(x, y)))
        });
        Self { width: pictures.iter().map(|one| one.width).sum(), height, pixels: pixels.collect() }
    }

    /// How much ink there is, as a part of the picture.
    pub(crate) fn coverage(&self) -> f64 {
        let ink: f64 =
            self.pixels.chunks_exact(3).map(|pixel| 255.0 - f64::from(*pixel.iter().min().unwrap())).sum();
        ink / 255.0 / float(self.width * self.height)
    }

    /// How far two pictures are from each other, as a part of the ink of the first: what is off by less than a pixel counts
    /// little, since both are made coarser first.
    pub(crate) fn difference(&self, other: &Self) -> f64 {
        const CELL: usize = 4;
        let (columns, rows) = (self.width.min(other.width) / CELL, self.height.min(other.height) / CELL);
        let cell = |picture: &Self, column: usize, row: usize| {
            let part = picture.part(column * CELL, row * CELL, CELL, CELL);
            part.coverage()
        };
        let (mut apart, mut ink) = (0.0, 0.0);
        for row in 0..rows {
            for column in 0..columns {
                let (one, two) = (cell(self, column, row), cell(other, column, row));
                apart += (one - two).abs();
                ink += one;
            }
        }
        apart / ink
    }
}
