//! Decides which paths the ignore files of a repository leave out, by the rules that Git has for its own.
//! It never leaves out what no ignore file names.

/// The name of an ignore file.
pub(crate) const NAME: &str = ".switchbackignore";

/// What the ignore files of a commit say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored {
    /// The rules, those of outer folders first.
    rules: Vec<Rule>,
}

/// One line of an ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// The folder of the file, in parts.
    folder: Vec<String>,
    /// Whether it takes back what was ignored before.
    keeps: bool,
    /// Whether it means folders only.
    folders_only: bool,
    /// Whether it begins at the folder of the file, and not anywhere below.
    is_anchored: bool,
    /// The pattern, in parts.
    pattern: Vec<String>,
}

impl Ignored {
    /// What `files`, ignore files with their paths, say.
    #[must_use]
    pub(crate) fn of<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let mut files: Vec<(Vec<String>, &str)> = files
            .into_iter()
            .map(|(path, text)| (path.rsplit_once('/').map_or(Vec::new(), |(dir, _)| parts(dir)), text))
            .collect();
        files.sort_by(|a, b| (a.0.len(), &a.0).cmp(&(b.0.len(), &b.0)));
        let rules =
            files.iter().flat_map(|(folder, text)| text.lines().filter_map(|line| Rule::read(folder, line)));
        Self { rules: rules.collect() }
    }

    /// Whether the file at `path` is left out, by itself or with a folder above it.
    #[must_use]
    pub(crate) fn has(&self, path: &str) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let parts = parts(path);
        (1..=parts.len()).any(|end| {
            let here = parts.get(..end).unwrap_or_default();
            let last = self.rules.iter().rev().find(|rule| rule.means(here, end < parts.len()));
            last.is_some_and(|rule| !rule.keeps)
        })
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

impl Rule {
    fn read(folder: &[String], line: &str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (keeps, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let line = line.strip_prefix('\\').unwrap_or(line);
        let folders_only = line.ends_with('/');
        let pattern = parts(line);
        let is_anchored = line.trim_end_matches('/').contains('/');
        let rule = Self { folder: folder.to_vec(), keeps, folders_only, is_anchored, pattern };
        (!rule.pattern.is_empty()).then_some(rule)
    }

    fn means(&self, path: &[String], is_folder: bool) -> bool {
        let Some(below) = path.strip_prefix(self.folder.as_slice()) else { return false };
        if below.is_empty() || self.folders_only && !is_folder {
            return false;
        }
        if self.is_anchored {
            return fits(&self.pattern, below);
        }
        self.pattern.first().zip(below.last()).is_some_and(|(pattern, name)| fits_name(pattern, name))
    }
}

fn fits(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            let from = usize::from(rest.is_empty()); // at the end it means all that is inside, not the folder itself
            (from..=path.len())
                .any(|skip| rest.is_empty() || fits(rest, path.get(skip..).unwrap_or_default()))
        }
        (Some((first, rest)), Some((name, below))) => fits_name(first, name) && fits(rest, below),
        _ => false,
    }
}

fn fits_name(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None; // where the pattern goes on after the last `*`, and up to where it reaches
    while let Some(c) = name.get(from) {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, from));
                at += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => one_of(pattern.get(at..).unwrap_or_default(), *c),
            Some('\\') => (pattern.get(at + 1) == Some(c)).then_some(2),
            Some(other) => (other == c).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(step), _) => (at, from) = (at + step, from + 1),
            (None, Some((after, reached))) => {
                star = Some((after, reached + 1));
                (at, from) = (after, reached + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.iter().skip(at).all(|c| *c == '*')
}

/// The length of the class (`[a-z]`) that `pattern` opens with, if `c` is in it.
fn one_of(pattern: &[char], c: char) -> Option<usize> {
    let end = pattern.iter().skip(2).position(|p| *p == ']')? + 2;
    let inside = pattern.get(1..end)?;
    let (is_not, inside) = match inside.split_first() {
        Some(('!' | '^', rest)) => (true, rest),
        _ => (false, inside),
    };
    let mut has = false;
    let mut rest = inside;
    while let Some((first, after)) = rest.split_first() {
        let last = after.split_first().filter(|(dash, _)| **dash == '-').and_then(|(_, end)| end.first());
        has = has || (*first..=*last.unwrap_or(first)).contains(&c);
        rest = if last.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    (has != is_not).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths among `all` that are left out.
    fn left_out<'a>(files: &[(&str, &str)], all: &[&'a str]) -> Vec<&'a str> {
        let ignored = Ignored::of(files.iter().copied());
        all.iter().filter(|path| ignored.has(path)).copied().collect()
    }

    #[test]
    fn lines_mean_what_they_mean_to_git() {
        let all = [
            "a/values.yaml",
            "values.yaml",
            "a/b/c.json",
            "b/c.json",
            "docs/x.yaml",
            "a/docs",
            "x1.yaml",
            "xa.yaml",
        ];
        let of = |text: &str| left_out(&[(".switchbackignore", text)], &all);
        assert_eq!(of("values.yaml\n"), ["a/values.yaml", "values.yaml"]);
        assert_eq!(of("/values.yaml\n"), ["values.yaml"]);
        assert_eq!(of("docs/\n"), ["docs/x.yaml"], "a file is no folder");
        assert_eq!(of("b/c.json\n"), ["b/c.json"], "with a slash inside it begins here");
        assert_eq!(of("**/b/c.json\n"), ["a/b/c.json", "b/c.json"]);
        assert_eq!(of("a/**\n"), ["a/values.yaml", "a/b/c.json", "a/docs"]);
        assert_eq!(of("*.json\n!c.json\n"), [""; 0]);
        assert_eq!(of("a\n!a/docs\n"), ["a/values.yaml", "a/b/c.json", "a/docs"], "what is below stays out");
        assert_eq!(of("# a comment\n\nx[0-9].yaml\n"), ["x1.yaml"]);
        assert_eq!(of("x[!0-9].y?ml\n"), ["xa.yaml"]);
        assert_eq!(of(""), [""; 0]);
    }

    #[test]
    fn a_file_in_a_folder_speaks_of_that_folder_and_last() {
        let all = ["a/x.yaml", "a/b/x.yaml", "x.yaml"];
        assert_eq!(left_out(&[("a/.switchbackignore", "x.yaml")], &all), ["a/x.yaml", "a/b/x.yaml"]);
        let files = [("a/b/.switchbackignore", "!x.yaml"), (".switchbackignore", "x.yaml")];
        assert_eq!(left_out(&files, &all), ["a/x.yaml", "x.yaml"]);
    }
}
