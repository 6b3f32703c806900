// Compiles the directives `template` of a server block.
#pragma once

#include "server/config/server_block.h"
#include "server/plan/template_rule.h"

namespace canopy {

// Null if the block has none.  REQUIRES: the settings are those of a Corefile
// that was read without a fault.
SharedTemplates compile_templates(const ServerBlock& block);

}  // namespace canopy
