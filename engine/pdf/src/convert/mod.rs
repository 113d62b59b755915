//! Why: people have their contract as a Word file or as photos of its pages. It becomes a PDF once, at upload, and everything
//! after is about that PDF.

mod pictures;
pub mod word;

pub use pictures::pages_of_pictures;
