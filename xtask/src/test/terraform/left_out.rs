//! A Go module of which one package is left out, since what that package calls cannot be had.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// The package, and what names it.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut {
    /// Its folder in the module.
    pub folder: &'static str,
    /// What other files call it, and the library that it calls.
    pub word: &'static str,
    /// Those files.
    pub files: &'static [&'static str],
    /// The library's module.
    pub library: &'static str,
}

impl LeftOut {
    /// Copies a module without it, and without tests.
    pub fn copy(&self, module: &Path, to: &Path) -> Result<(), Failure> {
        copy_folder(module, to, &to.join(self.folder))?;
        for file in self.files {
            rewrite(&to.join(file), |text| without(text, self.word))?;
        }
        rewrite(&to.join("go.mod"), |text| {
            lines(text, |line| !line.split_whitespace().any(|word| word == self.library))
        })
    }
}

/// Copies what is in a folder but for one folder below and files of tests; nothing keeps another's permissions, since those of
/// kept modules forbid changes.
fn copy_folder(from: &Path, to: &Path, left_out: &Path) -> Result<(), Failure> {
    if to == left_out {
        return Ok(());
    }
    fs::create_dir_all(to).map_err(Failure::file("create", to))?;
    for entry in fs::read_dir(from).map_err(Failure::file("list", from))? {
        let path = entry.map_err(Failure::file("list", from))?.path();
        let name = path.file_name().expect("an entry of a folder has a name");
        let target = to.join(name);
        if path.is_dir() {
            copy_folder(&path, &target, left_out)?;
        } else if !name.to_string_lossy().ends_with("_test.go") {
            let bytes = fs::read(&path).map_err(Failure::file("read", &path))?;
            fs::write(&target, bytes).map_err(Failure::file("write", &target))?;
        }
    }
    Ok(())
}

fn rewrite(file: &Path, change: impl Fn(&str) -> String) -> Result<(), Failure> {
    let text = fs::read_to_string(file).map_err(Failure::file("read", file))?;
    fs::write(file, change(&text)).map_err(Failure::file("write", file))
}

fn lines(text: &str, mut keep: impl FnMut(&str) -> bool) -> String {
    text.split_inclusive('\n').filter(|line| keep(line)).collect()
}

/// A Go file without what names a package: the lines that import it or use something of it, and each function whose first line
/// does.
fn without(text: &str, word: &str) -> String {
    let mut in_function = false;
    lines(text, |line| {
        if in_function {
            in_function = line.trim_end() != "}";
            return false;
        }
        let names_it = imports(line, word) || uses(line, word);
        in_function = names_it && line.starts_with("func ");
        !names_it
    })
}

/// `teo "…/teo/v20220901"`, `"…/services/teo"`.
fn imports(line: &str, word: &str) -> bool {
    let Some(path) = line.trim_end().strip_suffix('"').and_then(|line| line.rsplit('"').next())
    else {
        return false;
    };
    path.contains('/') && path.split('/').any(|part| part == word)
}

/// `teo.Client`, not `video.Client`.
fn uses(line: &str, word: &str) -> bool {
    let is_in_a_name = |sign: char| sign.is_ascii_alphanumeric() || "_.\"".contains(sign);
    line.match_indices(&format!("{word}.")).any(|(at, _)| !line[..at].ends_with(is_in_a_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = r#"package connectivity

import (
	teo "github.com/x/sdk/teo/v20220901"
	video "github.com/x/sdk/video/v1"
)

type Client struct {
	teoConn   *teo.Client
	videoConn *video.Client
}

// UseTeo returns it.
func (me *Client) UseTeo() *teo.Client {
	if me.teoConn != nil {
		return me.teoConn
	}
	return nil
}

func (me *Client) UseVideo() *video.Client {
	return me.videoConn
}
"#;

    const CLIENT_WITHOUT: &str = r#"package connectivity

import (
	video "github.com/x/sdk/video/v1"
)

type Client struct {
	videoConn *video.Client
}

// UseTeo returns it.

func (me *Client) UseVideo() *video.Client {
	return me.videoConn
}
"#;

    #[test]
    fn what_names_a_package_is_left_out_and_nothing_else_is() {
        assert_eq!(without(CLIENT, "teo"), CLIENT_WITHOUT);
        let map = "\t\"teo_zone\": teo.Zone(),\n\t\"ssl_teo.x\": ssl.Teo(),\n\t\"video\": video.Resource(),\n";
        assert_eq!(
            without(map, "teo"),
            "\t\"ssl_teo.x\": ssl.Teo(),\n\t\"video\": video.Resource(),\n"
        );
    }

    #[test]
    fn a_module_is_copied_without_a_package_its_library_and_tests() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for (file, text) in [
            ("go.mod", "require (\n\tx/teo v1.2.3\n\tx/teod v1.2.3\n)\n"),
            ("services/teo/zone.go", "package teo\n"),
            ("services/cvm/image.go", "package cvm // teo. is elsewhere\n"),
            ("services/cvm/image_test.go", "package cvm\n"),
            ("client.go", CLIENT),
        ] {
            let file = from.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let left_out = LeftOut {
            folder: "services/teo",
            word: "teo",
            files: &["client.go"],
            library: "x/teo",
        };
        left_out.copy(&from, &to).unwrap();
        let read = |file: &str| fs::read_to_string(to.join(file)).unwrap();
        assert_eq!(read("go.mod"), "require (\n\tx/teod v1.2.3\n)\n");
        assert_eq!(read("client.go"), CLIENT_WITHOUT);
        assert_eq!(read("services/cvm/image.go"), "package cvm // teo. is elsewhere\n");
        assert!(!to.join("services/teo").exists());
        assert!(!to.join("services/cvm/image_test.go").exists());
    }
}
