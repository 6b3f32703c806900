// /debug/zone?name=NAME: the records at and under NAME as JSON,
// {"name":...,"serial":N,"complete":bool,"records":[...]}.  One snapshot, from
// the first record to the last.
//
// Thread rule: the page is made on the page thread, with a reader of its own.
#pragma once

#include "healthz/http_message.h"
#include "zones/zone_store.h"

namespace canopy {

enum class ZonePageAccess { kLoopback, kAnyone };  // --debug-remote

// `store` must outlive the server and the io_context it runs on.
void add_zone_page(HttpRoutes& routes, ZoneStore& store, ZonePageAccess access);

}  // namespace canopy
