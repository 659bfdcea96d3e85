//! Servers that keep the contract a little later than they say. None may be accused of anything, and nothing may be left behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::conforming::{Asked, ConformingVariant, acquit};
use ims_conformance::exchange::{Request, Response};

#[test]
fn one_that_deletes_a_little_later() {
    let (shown, lingering) = (Mutex::new(HashMap::new()), Mutex::new(HashMap::new()));
    acquit(move |asked, response| {
        let path = asked.request.path.clone();
        match (asked.request.method.as_str(), response.status) {
            ("POST", 201) => {
                let id = response.json().unwrap()["id"].as_str().unwrap().to_owned();
                shown.lock().unwrap().insert(format!("/v2/images/{id}"), response.clone());
            }
            ("DELETE", 204) => drop(lingering.lock().unwrap().insert(path, 3)),
            ("GET", 404) if lingering.lock().unwrap().get(&path).is_some_and(|left| *left > 0) => {
                *lingering.lock().unwrap().get_mut(&path).unwrap() -= 1;
                return Response { status: 200, ..shown.lock().unwrap()[&path].clone() };
            }
            _ => {}
        }
        response
    });
}

#[test]
fn one_that_shows_a_little_later_what_it_created() {
    for methods in [&["GET"][..], &["GET", "PATCH", "DELETE"]] {
        let hidden = Arc::new(Mutex::new(HashMap::new()));
        let hiding = Arc::clone(&hidden);
        let elsewhere = move |request: &Request| {
            let mut hidden = hidden.lock().unwrap();
            let left = hidden.get_mut(&request.path).filter(|left| **left > 0);
            let Some(left) = left.filter(|_| methods.contains(&request.method.as_str())) else {
                return request.clone();
            };
            *left -= 1;
            Request { path: "/v2/images/00000000-0000-4000-8000-000000000000".to_owned(), ..request.clone() }
        };
        let hide = move |asked: &Asked<'_>, response: Response| {
            if asked.is_creation && response.status == 201 {
                let id = response.json().unwrap()["id"].as_str().unwrap().to_owned();
                hiding.lock().unwrap().insert(format!("/v2/images/{id}"), 2);
            }
            response
        };
        ConformingVariant::of("otc").hearing(elsewhere).answering(hide).acquit();
    }
}
