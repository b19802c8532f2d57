//! Which pages are asked for, in which order, and what the next walk asks for.
//! Not here: what is done with a page (`paging`).
use super::*;

const BEGAN: WallTime = WallTime(1_000_000);
const CHANGED: WallTime = WallTime(900_000);

fn id(text: &str) -> ServerId {
    ServerId::new(text).unwrap()
}

fn patient(text: &str, orders_whole: bool) -> (ServerId, ClinicPatient) {
    let patient = ClinicPatient {
        id: id(text),
        patient: None,
        join: Join::Linked,
        version: None,
        updated: None,
        active: true,
        replaced: false,
        replaced_by: None,
        particulars: None,
        listed: true,
        left: None,
        orders_whole,
    };
    (id(text), patient)
}

fn group() -> WorklistBy {
    WorklistBy::Group("g1".into())
}

fn walk(cursors: &[(&str, WallTime)]) -> Walk {
    let cursors = cursors.iter().map(|(query, at)| ((*query).to_owned(), *at)).collect();
    Walk::new(&group(), cursors, PAGE, BEGAN)
}

fn listed(walk: &mut Walk, ids: &[&str]) {
    walk.members(MemberList { patients: ids.iter().map(|text| id(text)).collect(), others: 0 });
}

/// Every path that is asked until the end, with no page longer than one.
fn paths(walk: &mut Walk, record: &BTreeMap<ServerId, ClinicPatient>) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let Some(ask) = walk.ask() else { return all };
        all.push(ask.path.clone());
        let mut next = walk.taken(None, record).unwrap();
        if next == Next::Listed {
            next = walk.after_list(record);
        }
        if next == Next::Done {
            return all;
        }
    }
}

#[test]
fn the_first_download_asks_for_the_list_the_people_and_their_orders() {
    let mut walk = walk(&[]);
    listed(&mut walk, &["a", "b"]);
    let record = BTreeMap::from([patient("a", false), patient("b", false)]);
    assert_eq!(
        paths(&mut walk, &record),
        [
            "Group/g1",
            "Patient?_id=a,b&_count=50",
            "ServiceRequest?patient=Patient/a,Patient/b&status=active,on-hold&_count=50",
            "MedicationRequest?patient=Patient/a,Patient/b&status=active,on-hold&_count=50",
        ]
    );
}

#[test]
fn later_downloads_ask_for_changes_since_the_cursor_less_the_overlap_and_whole_for_who_is_new() {
    let since = WallTime(1_773_842_400_000);
    let mut walk = walk(&[("Patient", since), ("ServiceRequest", since), ("MedicationRequest", since)]);
    listed(&mut walk, &["a", "new"]);
    let before = BTreeMap::from([patient("a", true), patient("gone", true)]);
    let overlap = "_lastUpdated=ge2026-03-18T13:58:00.000Z";
    walk.taken(None, &before).unwrap();
    assert_eq!(walk.ask().unwrap().path, format!("Patient?_id=a,gone&{overlap}&_count=50"));
    walk.taken(None, &before).unwrap();
    assert_eq!(walk.ask().unwrap().path, "Patient?_id=new&_count=50");
    let after = BTreeMap::from([patient("a", true), patient("gone", true), patient("new", false)]);
    assert_eq!(walk.taken(None, &after), Ok(Next::Listed));
    assert_eq!(
        paths(&mut walk, &after),
        [
            // Also of who has left the list: who comes back has missed no change.
            format!("ServiceRequest?patient=Patient/a,Patient/gone&{overlap}&_count=50"),
            "ServiceRequest?patient=Patient/new&status=active,on-hold&_count=50".to_owned(),
            format!("MedicationRequest?patient=Patient/a,Patient/gone&{overlap}&_count=50"),
            "MedicationRequest?patient=Patient/new&status=active,on-hold&_count=50".to_owned(),
        ]
    );
}

#[test]
fn without_a_cursor_the_orders_of_everybody_who_had_some_are_asked_for_whole() {
    let mut walk = walk(&[]);
    listed(&mut walk, &["a"]);
    let record = BTreeMap::from([patient("a", true), patient("gone", true), patient("never-asked", false)]);
    let asked = paths(&mut walk, &record);
    let orders: Vec<_> = asked.iter().filter(|path| path.contains("Request?")).collect();
    assert_eq!(
        orders,
        [
            "ServiceRequest?patient=Patient/a,Patient/gone&status=active,on-hold&_count=50",
            "MedicationRequest?patient=Patient/a,Patient/gone&status=active,on-hold&_count=50",
        ]
    );
}

#[test]
fn a_whole_query_knows_the_orders_of_all_its_pages_and_of_no_other_query() {
    let mut walk = Walk::new(&group(), BTreeMap::new(), PAGE, BEGAN);
    walk.saw_orders([id("o1")].into_iter());
    walk.taken(Some("p?2".into()), &BTreeMap::new()).unwrap();
    walk.saw_orders([id("o2")].into_iter());
    walk.saw_orders([id("o2")].into_iter());
    assert_eq!(walk.orders(), BTreeSet::from([id("o1"), id("o2")]));
    listed(&mut walk, &["a"]);
    walk.taken(None, &BTreeMap::new()).unwrap();
    walk.saw_orders([id("o3")].into_iter());
    assert_eq!(walk.orders(), BTreeSet::from([id("o3")]));
}

#[test]
fn a_page_that_is_asked_again_is_the_same_one() {
    let mut walk = walk(&[]);
    let first = walk.ask().cloned();
    assert_eq!(walk.ask().cloned(), first);
    walk.taken(Some("Group/g1?page=2".into()), &BTreeMap::new()).unwrap();
    let second = walk.ask().cloned().unwrap();
    assert!(second.is_next && Some(&second) != first.as_ref());
}

#[test]
fn pages_that_go_round_in_circles_end() {
    let mut circle = walk(&[]);
    assert_eq!(circle.taken(Some("p?2".into()), &BTreeMap::new()), Ok(Next::Ask));
    assert_eq!(circle.taken(Some("p?3".into()), &BTreeMap::new()), Ok(Next::Ask));
    assert_eq!(circle.taken(Some("p?2".into()), &BTreeMap::new()), Err(WalkFault::Circle));
    let mut endless = walk(&[]);
    let mut ended = None;
    for page in 0..=MOST_PAGES {
        if let Err(fault) = endless.taken(Some(format!("p?{page}")), &BTreeMap::new()) {
            ended = Some(fault);
            break;
        }
    }
    assert_eq!(ended, Some(WalkFault::TooManyPages));
}

#[test]
fn a_list_of_a_whole_town_is_refused() {
    let mut walk = walk(&[]);
    let many: Vec<String> = (0..=MOST_LISTED).map(|number| format!("p{number}")).collect();
    listed(&mut walk, &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(walk.taken(None, &BTreeMap::new()), Err(WalkFault::TooManyListed(MOST_LISTED + 1)));
}

#[test]
fn the_cursor_moves_with_the_last_page_of_its_query_and_never_beyond_the_server_s_clock_at_the_beginning() {
    let mut walk = Walk::new(&group(), BTreeMap::new(), 1, BEGAN);
    walk.heard(Some(WallTime(950_000)));
    listed(&mut walk, &["a", "b"]);
    walk.taken(None, &BTreeMap::new()).unwrap();
    let first = walk.ask().cloned().unwrap();
    walk.saw("Patient", Some(CHANGED));
    assert_eq!(walk.cursor_with(&first, None), None, "another page of the query is to come");
    walk.taken(None, &BTreeMap::new()).unwrap();
    let last = walk.ask().cloned().unwrap();
    assert_eq!(walk.cursor_with(&last, Some(&"more".to_owned())), None);
    let cursor = walk.cursor_with(&last, None).unwrap();
    assert_eq!((cursor.updated, cursor.taken), (Some(CHANGED), BEGAN));
    walk.saw("Patient", Some(WallTime(960_000)));
    assert_eq!(walk.cursor_with(&last, None).unwrap().updated, Some(WallTime(950_000)));
}

#[test]
fn a_cursor_without_news_stays_where_it_was() {
    let mut walk = walk(&[("Patient", CHANGED)]);
    walk.heard(Some(BEGAN));
    listed(&mut walk, &["a"]);
    let record = BTreeMap::from([patient("a", true)]);
    walk.taken(None, &record).unwrap();
    let ask = walk.ask().cloned().unwrap();
    assert_eq!(walk.cursor_with(&ask, None).unwrap().updated, Some(CHANGED));
}

#[test]
fn a_bed_is_told_by_the_encounter_or_by_the_place_and_a_ward_is_none() {
    let place =
        |text: &str, name: Option<&str>, is_bed| Place { id: Some(id(text)), name: name.map(Into::into), is_bed };
    let mut walk = Walk::new(&WorklistBy::EncounterLocation("ward".into()), BTreeMap::new(), PAGE, BEGAN);
    let stay = |who: &str, places: Vec<Place>| Stay { patient: id(who), places };
    walk.stays(vec![
        stay("a", vec![place("ward", Some("Ward 4"), false), place("b1", Some("Bed 1"), true)]),
        stay("b", vec![place("b2", None, false)]),
        stay("c", vec![place("ward", Some("Ward 4"), false)]),
    ]);
    walk.taken(None, &BTreeMap::new()).unwrap();
    assert_eq!(walk.ask().unwrap().path, "Location?_id=b2,ward&_count=50");
    walk.named(vec![place("b2", Some("Bed 2"), true), place("ward", Some("Ward 4"), false)]);
    let beds: Vec<_> = ["a", "b", "c"].iter().map(|who| walk.bed(&id(who))).collect();
    assert_eq!(beds, [Some("Bed 1"), Some("Bed 2"), None]);
}

#[test]
fn who_is_listed_and_unknown_to_the_server_is_counted() {
    let mut walk = walk(&[]);
    listed(&mut walk, &["a", "b", "c"]);
    walk.came.insert(id("a"));
    assert_eq!(walk.missing(&BTreeMap::from([patient("b", true)])), 1);
}

#[test]
fn a_search_that_ends_before_its_end_is_no_whole_list() {
    let mut walk = walk(&[]);
    assert_eq!(walk.counted(50, Some(60), true), Ok(()));
    walk.taken(Some("p?2".into()), &BTreeMap::new()).unwrap();
    assert_eq!(walk.counted(5, Some(60), false), Err(WalkFault::Incomplete { total: 60, got: 55 }));
    assert_eq!(walk.counted(10, Some(60), false), Ok(()));
    walk.taken(None, &BTreeMap::new()).unwrap();
    assert_eq!(walk.counted(3, None, false), Ok(()), "not every server tells a total");
}
