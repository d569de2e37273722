//! Who may start next, as stories.
