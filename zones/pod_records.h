// Which names of pods, such as 10-244-1-7.shop.pod, have records (--pods).
#pragma once

#include <cstdint>

namespace canopy {

enum class PodRecords : std::uint8_t {
  kDisabled,
  kInsecure,  // any address that the name spells
  kVerified,  // the address of a pod of that namespace
};

}  // namespace canopy
