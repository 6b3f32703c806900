// Parses the texts of the directive `template`: a subset of Go's templates.
#pragma once

#include <string_view>

#include "server/plan/template_text.h"

namespace canopy {

// Actions are {{ .Name }} and likewise .Zone, .Class, .Type, .Remote,
// .Question.Name and .Group.NAME, {{ index .Match N }}, {{ index .Group "NAME"
// }} and {{ parseInt VALUE BASE BITS }}.  Throws ConfigurationError, with a
// text that follows the template's, for any other action.
TemplateText parse_template(std::string_view text);

}  // namespace canopy
