// The only place that includes ldns.  The ldns header redefines bool, true and
// false unless <stdbool.h> comes first.  Include from .cc files only.
#pragma once

// clang-format off
#include <stdbool.h>
#include <ldns/ldns.h>
// clang-format on
