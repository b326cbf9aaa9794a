# SPDX-License-Identifier: Apache-2.0
"""The table of pages: what is asked, who may, who answers. A test walks it for every role."""

from host_tools.office import claims, door, look, memory, metrics, money, rollouts, staff_pages
from host_tools.office.app import Page
from host_tools.office.people import ADMINISTER, CLAIM, LOOK, OPERATE, SETTLE

PAGES = [
    Page("GET", "/login", None, door.login),
    Page("POST", "/login", None, door.sign_in),
    Page("POST", "/logout", LOOK, door.sign_out),
    Page("GET", "/account", LOOK, door.account),
    Page("POST", "/account/password", LOOK, door.change_password),
    Page("GET", "/health", None, metrics.health),
    Page("GET", "/metrics", None, metrics.metrics),
    Page("GET", "/", LOOK, look.overview),
    Page("GET", "/terminals", LOOK, look.terminals),
    Page("GET", "/terminals/{terminal}", LOOK, look.terminal),
    Page("POST", "/terminals/{terminal}/stop", OPERATE, staff_pages.stop_terminal),
    Page("POST", "/terminals/{terminal}/serve", OPERATE, staff_pages.serve_terminal),
    Page("GET", "/records/{terminal}/{sequence}", LOOK, look.record_story),
    Page("POST", "/records/{terminal}/{sequence}/decide", CLAIM, claims.decide),
    Page("GET", "/rollouts", LOOK, rollouts.listed),
    Page("POST", "/rollouts/start", OPERATE, rollouts.start),
    Page("GET", "/rollouts/{rollout}", LOOK, rollouts.one),
    Page("POST", "/rollouts/{rollout}/widen", OPERATE, rollouts.widen),
    Page("POST", "/rollouts/{rollout}/halt", OPERATE, rollouts.halt),
    Page("POST", "/rollouts/{rollout}/resume", OPERATE, rollouts.resume),
    Page("POST", "/rollouts/{rollout}/back", OPERATE, rollouts.roll_back),
    Page("GET", "/quarantine", LOOK, look.quarantine),
    Page("GET", "/quarantine/{terminal}/{digest}", LOOK, look.batch_story),
    Page("GET", "/refusals", LOOK, look.refusals),
    Page("GET", "/marked", LOOK, look.marked),
    Page("GET", "/pending", LOOK, money.pending),
    Page("GET", "/trips", LOOK, memory.open_trips),
    Page("GET", "/dispute", CLAIM, claims.form),
    Page("POST", "/dispute", CLAIM, claims.search),
    Page("GET", "/days", LOOK, money.list_days),
    Page("GET", "/days/go", LOOK, money.any_day),
    Page("GET", "/days/{day}", LOOK, money.day),
    Page("GET", "/days/{day}/late", LOOK, money.late),
    Page("POST", "/days/{day}/cut", SETTLE, money.cut),
    Page("GET", "/people", ADMINISTER, staff_pages.people),
    Page("POST", "/people/add", ADMINISTER, staff_pages.add_person),
    Page("POST", "/people/change", ADMINISTER, staff_pages.change_person),
    Page("GET", "/audit", ADMINISTER, staff_pages.audit),
]
