// The directives of a Corefile: their readers, and the tables of their options.
// Readers throw ConfigurationError with a text that follows the name.
#pragma once

#include <string>

#include "server/config/corefile_rows.h"

namespace canopy {

// All directives of CoreDNS, the refused ones included.
extern const CorefileTable kDirectives;

// Returns the text of -plugins: the supported directives.
std::string directives_text();

// bind ADDR|INTERFACE..
void read_bind(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kBindOptions;

// cache [TTL] [ZONE..]
void read_cache(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kCacheOptions;

// forward FROM TO..
void read_forward(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kForwardOptions;

// hosts [FILE [ZONE..]]
void read_hosts(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kHostsOptions;

// kubernetes [ZONE..]
void read_kubernetes(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kKubernetesOptions;

// health [ADDR], ready [ADDR], prometheus [ADDR]
void read_health(const CorefileLine& line, CorefileReading& reading);
void read_ready(const CorefileLine& line, CorefileReading& reading);
void read_prometheus(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kHealthOptions;
extern const CorefileTable kReadyOptions;
extern const CorefileTable kPrometheusOptions;

// chaos [VERSION] [AUTHOR..], nsid [DATA], whoami
void read_chaos(const CorefileLine& line, CorefileReading& reading);
void read_nsid(const CorefileLine& line, CorefileReading& reading);
void read_whoami(const CorefileLine& line, CorefileReading& reading);

// template CLASS TYPE [ZONE..]
void read_template(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kTemplateOptions;

// rewrite [continue|stop] FIELD ..
void read_rewrite(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kRewriteOptions;

// log [NAME..] [FORMAT]; errors
void read_log(const CorefileLine& line, CorefileReading& reading);
void read_errors(const CorefileLine& line, CorefileReading& reading);
extern const CorefileTable kLogOptions;
extern const CorefileTable kErrorsOptions;

}  // namespace canopy
