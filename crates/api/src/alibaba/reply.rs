//! Answers: one tree, written as JSON or as XML (contract 3).

use std::fmt::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A part of an answer. Fields keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// Fields by name.
    Fields(Vec<(&'static str, Node)>),
    /// Elements under one name: the cloud's lists nest twice, `Images: {Image: [..]}`. Written even where it is empty.
    List(&'static str, Vec<Node>),
    /// Elements without a name of their own: the plain lists of the billing API.
    Array(Vec<Node>),
}

impl Node {
    /// A text.
    pub(super) fn text(text: impl ToString) -> Node {
        Node::Text(text.to_string())
    }

    /// A count or size.
    pub(super) fn number(number: impl TryInto<i64>) -> Node {
        Node::Number(number.try_into().unwrap_or(i64::MAX))
    }

    /// An answer without fields of its own.
    pub(super) fn empty() -> Node {
        Node::Fields(Vec::new())
    }

    /// As a JSON document.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and lists of them are JSON")
    }

    /// As an XML document with this root.
    pub(super) fn to_xml(&self, root: &str) -> String {
        let mut xml = String::from("<?xml version='1.0' encoding='UTF-8'?>");
        self.write_xml(root, &mut xml);
        xml
    }

    fn write_xml(&self, name: &str, xml: &mut String) {
        let _ = write!(xml, "<{name}>");
        match self {
            Node::Text(text) => escape(text, xml),
            Node::Number(number) => {
                let _ = write!(xml, "{number}");
            }
            Node::Flag(flag) => {
                let _ = write!(xml, "{flag}");
            }
            Node::Fields(fields) => {
                fields.iter().for_each(|(name, node)| node.write_xml(name, xml));
            }
            Node::List(item, nodes) => nodes.iter().for_each(|node| node.write_xml(item, xml)),
            Node::Array(nodes) => nodes.iter().for_each(|node| node.write_xml("Item", xml)),
        }
        let _ = write!(xml, "</{name}>");
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Text(text) => serializer.serialize_str(text),
            Node::Number(number) => serializer.serialize_i64(*number),
            Node::Flag(flag) => serializer.serialize_bool(*flag),
            Node::Fields(fields) => {
                serializer.collect_map(fields.iter().map(|(name, node)| (name, node)))
            }
            Node::List(item, nodes) => {
                let mut list = serializer.serialize_map(Some(1))?;
                list.serialize_entry(item, nodes)?;
                list.end()
            }
            Node::Array(nodes) => serializer.collect_seq(nodes),
        }
    }
}

/// Escapes what would be markup, and leaves out what XML 1.0 cannot hold (api-09).
fn escape(text: &str, xml: &mut String) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(xml, "&#{};", u32::from(character));
            }
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => xml.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Node {
        let image = Node::Fields(vec![
            ("ImageId", Node::text("m-1")),
            ("Description", Node::text("a <b> & 'c' \u{1}\u{7f}]]>")),
            ("Size", Node::Number(20)),
            ("IsCopied", Node::Flag(true)),
            ("Tags", Node::List("Tag", Vec::new())),
        ]);
        Node::Fields(vec![("Images", Node::List("Image", vec![image]))])
    }

    #[test]
    fn lists_nest_twice_and_are_there_when_they_are_empty() {
        let wanted = serde_json::json!({"Images": {"Image": [{"ImageId": "m-1",
            "Description": "a <b> & 'c' \u{1}\u{7f}]]>", "Size": 20, "IsCopied": true, "Tags": {"Tag": []}}]}});
        let written: serde_json::Value = serde_json::from_str(&images().to_json()).unwrap();
        assert_eq!(written, wanted);
    }

    #[test]
    fn api_09_xml_escapes_what_would_be_markup() {
        assert_eq!(
            images().to_xml("DescribeImagesResponse"),
            "<?xml version='1.0' encoding='UTF-8'?><DescribeImagesResponse><Images><Image><ImageId>m-1</ImageId>\
             <Description>a &lt;b&gt; &amp; &apos;c&apos; ]]&gt;</Description><Size>20</Size>\
             <IsCopied>true</IsCopied><Tags></Tags></Image></Images></DescribeImagesResponse>"
        );
    }
}
