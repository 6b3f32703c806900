#include "server/answer/endless_chain.h"

namespace canopy {

ExtendedError endless_chain(const Answer& answer) {
  const auto last = static_cast<std::size_t>(answer.chain_length) - 1;
  const NameView owner = answer.entries[last].owner;
  const Labels labels = owner.labels();
  std::string text("ExternalName ");
  text.append(answer.is_loop ? "loop" : "chain of more than 8 links");
  text.append(": Service ").append(labels[1]).append("/").append(labels[0]);
  text.append(answer.is_loop ? " points back to " : " points on to ");
  text.append(answer.names[last].view().to_text());
  return {InfoCode::kOther, text};
}

}  // namespace canopy
