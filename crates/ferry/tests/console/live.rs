//! A page that is left open shows what happens, and leaves alone what its reader is doing.

use std::time::Instant;

use crate::copying::percent;
use crate::look::Look;
use crate::site::{REGIONS, SLOW, Site};

const TARGET: &str = REGIONS[2];

/// R000-9: a new image comes into its list without a reload; how soon is printed, and two seconds are wished for. Ticks, typed text, focus and an open menu stay.
#[test]
fn r000_9_an_open_page_shows_a_new_image_and_keeps_ticks_and_focus() {
    let site = Site::new();
    site.image("golden", 1);
    let Some(browser) = site.visitor(Look::default()) else { return };
    browser.goto("/images?region=cn-hangzhou");
    browser.tick("Tick golden");
    browser.fill("Search images", "not sent");
    site.image("silver", 1);
    let began = Instant::now();
    browser.see("silver");
    println!("seen {:?} after it was there", began.elapsed());
    assert!(browser.is_ticked("Tick golden") && !browser.is_ticked("Tick silver"));
    assert_eq!(browser.value_of("Search images"), "not sent");
    assert_eq!(browser.focused(), "Search images");
    assert!(!browser.is_off("Copy Image 1"));
    browser.in_row("golden").click_button("More actions on golden");
    browser.in_row("golden").see("Share");
    site.image("bronze", 1);
    browser.see("bronze");
    browser.in_row("golden").see("Share");
    browser.tick("Tick bronze");
    site.ferry("image delete silver --region cn-hangzhou");
    browser.see_no("silver");
    assert!(!browser.is_off("Copy Image 2"));
}

/// R000-9: progress moves on a page that nobody reloads: in the list, on the copy's own page and on the first one. It never
/// falls.
#[test]
fn r000_9_progress_moves_without_a_reload_and_never_falls() {
    // A dozen windows of parcels, one a second.
    let site = Site::set_to("", &SLOW.replace("200000", "4000000"));
    site.image("large", 48);
    let Some(list) = site.visitor(Look::default()) else { return };
    let [copy, first] = [0, 1].map(|_| site.another(&list, Look::default()));
    list.goto(&format!("/images?region={TARGET}"));
    let told = site.home.json(&format!("image copy large --from {} --to {TARGET}", REGIONS[0]));
    let id = told[0]["copy"].as_str().unwrap();
    list.see("large");
    copy.goto(&format!("/regions/{TARGET}/copies/{id}"));
    first.goto("/");
    let mut seen = [Vec::new(), Vec::new(), Vec::new()];
    list.until("the image available", || {
        for (page, seen) in [&list, &copy, &first].into_iter().zip(&mut seen) {
            let text = page.text_of("main");
            seen.extend(percent(&text));
        }
        list.in_row("large").text().contains("Available")
    });
    for seen in &seen {
        assert!(seen.is_sorted(), "{seen:?}");
        let different = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(different >= 2, "it moved: {seen:?}");
    }
    copy.see("100 %");
    first.see_no("Under way");
}

/// A service that is away for a moment is missed and found again by itself.
#[test]
fn a_page_goes_on_when_its_service_comes_back() {
    let site = Site::new();
    site.image("golden", 1);
    let Some(browser) = site.visitor(Look::default()) else { return };
    browser.goto("/images?region=cn-hangzhou");
    browser.see("golden");
    let site = site.restart(&[]);
    site.image("silver", 1);
    browser.see("silver");
    browser.see_no("Not live just now");
    // The connection that broke is an error to the browser, and none of the page.
    let errors = browser.console_errors();
    drop(browser);
    assert!(errors.iter().all(|error| error.contains("net::ERR")), "{errors:?}");
}
