//! What a person sees the console with.

use std::fmt;

/// A screen, its light, the language that the browser asks for, and whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub screen: Screen,
    pub light: Light,
    pub language: Language,
    pub script: Script,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 1280 x 900.
    Desktop,
    /// 1280 x 800, as a page shows it as a picture.
    Picture,
    /// 360 x 740 under a finger, two dots to a pixel.
    Phone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Chinese,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    On,
    /// Blocked in the browser's settings, as a careful person does it.
    Off,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            screen: Screen::Desktop,
            light: Light::Light,
            language: Language::English,
            script: Script::On,
        }
    }
}

impl Look {
    pub fn on(self, screen: Screen) -> Look {
        Look { screen, ..self }
    }

    pub fn dark(self) -> Look {
        Look { light: Light::Dark, ..self }
    }

    pub fn chinese(self) -> Look {
        Look { language: Language::Chinese, ..self }
    }

    pub fn without_script(self) -> Look {
        Look { script: Script::Off, ..self }
    }
}

/// For names of pictures: `phone-dark-zh-still`, and what is as usual is left out; `desktop` where all is.
impl fmt::Display for Look {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.screen {
            Screen::Desktop => "desktop",
            Screen::Picture => "picture",
            Screen::Phone => "phone",
        })?;
        out.write_str(match self.light {
            Light::Light => "",
            Light::Dark => "-dark",
        })?;
        out.write_str(match self.language {
            Language::English => "",
            Language::Chinese => "-zh",
        })?;
        out.write_str(match self.script {
            Script::On => "",
            Script::Off => "-still",
        })
    }
}
