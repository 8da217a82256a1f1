from playwright.sync_api import Page
def test_look(browser_page, screenshots):
    pg=browser_page
    for n,path in {"graph":"/asset-groups","stopped":"/assets/raw/kantata/feed","stopped_ev":"/assets/raw/kantata/feed?view=events","stopped_obj":"/assets/raw/kantata/time_entries","read":"/assets/raw/concur/feed","checks":"/assets/raw/concur/feed?view=checks","group":"/asset-groups/ingestion%2Fkantata", "group2":"/locations/orchestration.definitions/asset-groups/ingestion%2Fkantata","jobs":"/jobs"}.items():
        pg.goto(path); pg.wait_for_timeout(4000); pg.screenshot(path=f"/tmp/s_{n}.png"); open(f"/tmp/s_{n}.txt","w").write(pg.inner_text("body"))
