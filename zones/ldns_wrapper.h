// The only way to ldns: its header redefines bool, true and false unless
// <stdbool.h> came first.  Include from .cc files only.
#pragma once

// clang-format off
#include <stdbool.h>
#include <ldns/ldns.h>
// clang-format on
