//! Tables, for a terminal or as Markdown.

/// Rows under a head. Figures stand to the right of their columns, texts to the left.
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Columns aligned, with a line under the head.
    pub(crate) fn text(&self) -> String {
        let widths = self.widths();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let lines = [&self.head, &rule].into_iter().chain(&self.rows).map(|cells| {
            let cells = cells.iter().zip(&widths).enumerate();
            let padded = cells.map(|(at, (cell, width))| match self.is_figure(at) {
                true => format!("{cell:>width$}"),
                false => format!("{cell:width$}"),
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn markdown(&self) -> String {
        let rule = |at| if self.is_figure(at) { "---:" } else { "---" }.to_owned();
        let rule: Vec<String> = (0..self.head.len()).map(rule).collect();
        let lines = [&self.head, &rule].into_iter().chain(&self.rows);
        lines.map(|cells| format!("| {} |", cells.join(" | "))).collect::<Vec<_>>().join("\n")
    }

    /// Whether a column holds figures: its first cell does.
    fn is_figure(&self, column: usize) -> bool {
        let first = self.rows.first().and_then(|cells| cells.get(column)?.chars().next());
        first.is_some_and(|character| !character.is_alphabetic())
    }

    fn widths(&self) -> Vec<usize> {
        let width = |at: usize| {
            let cells = [&self.head].into_iter().chain(&self.rows).filter_map(|cells| cells.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..self.head.len()).map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["subject", "µs"]);
        table.row(vec!["bare".to_owned(), "20.10".to_owned()]);
        table.row(vec!["native-cached".to_owned(), "9.00".to_owned()]);
        let text = "subject           µs\n-------------  -----\nbare           20.10\nnative-cached   9.00";
        assert_eq!(table.text(), text);
        let markdown = "| subject | µs |\n| --- | ---: |\n| bare | 20.10 |\n| native-cached | 9.00 |";
        assert_eq!(table.markdown(), markdown);
    }
}
