// /debug/zone?name=NAME: the records at and under NAME as JSON,
// {"name":...,"serial":N,"complete":bool,"records":[...]}.  All records come
// from one snapshot.
//
// Thread rule: the page is made on the page thread, with its own reader.
#pragma once

#include "healthz/http_message.h"
#include "zones/zone_store.h"

namespace canopy {

enum class ZonePageAccess { kLoopback, kAnyone };  // --debug-remote

// `store` must outlive the server and the server's io_context.
void add_zone_page(HttpRoutes& routes, ZoneStore& store, ZonePageAccess access);

}  // namespace canopy
