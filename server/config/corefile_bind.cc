// The directive bind (coredns.io/plugins/bind).
#include <algorithm>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/machine/own_addresses.h"

namespace canopy {
namespace {

// The address, or those of the interface with this name.
std::vector<Address> bind_value(const std::string& text) {
  std::vector<Address> of_interface = addresses_of_interface(text);
  if (!of_interface.empty()) return of_interface;
  try {
    return {address_value(text)};
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(std::string(error.what()) +
                             ", and no interface with addresses has this name");
  }
}

void read_bind_except(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  for (const CorefileToken& word : arguments_of(line)) {
    for (const Address& address : value_of(word, bind_value)) {
      std::erase(reading.block.bind, address);
    }
  }
  if (reading.block.bind.empty()) {
    throw ConfigurationError("leaves no address to listen on");
  }
}

constexpr CorefileRow kBindRows[] = {
    {.name = "except", .read = read_bind_except},
};

}  // namespace

const CorefileTable kBindOptions{kBindRows};

void read_bind(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  std::vector<Address>& bind = reading.block.bind;
  for (const CorefileToken& word : arguments_of(line)) {
    for (const Address& address : value_of(word, bind_value)) {
      if (std::ranges::count(bind, address) == 0) bind.push_back(address);
    }
  }
}

}  // namespace canopy
