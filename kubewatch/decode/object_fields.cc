#include "kubewatch/decode/object_fields.h"

#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/objects/address_text.h"
#include "kubewatch/objects/dns_label.h"
#include "kubewatch/objects/object_limits.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

using json::Value;

void Flaws::note(std::string why) {
  if (count_++ == 0) first_ = std::move(why);
}

std::string Flaws::text() const {
  if (count_ < 2) return first_;
  return first_ + ", and " + std::to_string(count_ - 1) + " more";
}

void fail(std::string why) { throw Malformed{std::move(why)}; }

bool is_set(const Value* value) { return value && !value->IsNull(); }

std::string_view view(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

void check_label(std::string_view text, const char* where) {
  if (is_dns_label(text)) return;
  constexpr std::size_t kMost = 64;
  const bool all = text.size() <= kMost;
  fail(std::string(where) + " \"" + std::string(text.substr(0, kMost)) +
       (all ? "\"" : "...\" (" + std::to_string(text.size()) + " octets)") +
       " is not a DNS label: 1 to 63 letters, digits and '-', with no '-' at "
       "either end");
}

IpAddress checked_address(std::string_view text, const char* where) {
  if (const auto parsed = address_from_text(text)) return *parsed;
  fail(std::string(where) + " \"" + std::string(text.substr(0, 64)) +
       "\" is not an IP address");
}

IpAddress checked_address(const Value& text, const char* where) {
  if (text.IsString()) return checked_address(view(text), where);
  fail(std::string(where) + " is not a string");
}

const Value* object_in(const Value& value, const char* name) {
  const Value* found = member(value, name);
  if (!is_set(found)) return nullptr;
  if (!found->IsObject()) fail(std::string(name) + " is not a mapping");
  return found;
}

const Value* array_in(const Value& value, const char* name) {
  const Value* found = member(value, name);
  if (!is_set(found)) return nullptr;
  if (!found->IsArray()) fail(std::string(name) + " is not a list");
  return found;
}

std::string text_in(const Value& value, const char* name) {
  const Value* found = member(value, name);
  if (!is_set(found)) return {};
  if (!found->IsString()) fail(std::string(name) + " is not a string");
  return std::string(view(*found));
}

std::string short_text_in(const Value& value, const char* name) {
  std::string text = text_in(value, name);
  if (text.size() > kMaxText) {
    fail(std::string(name) + " \"" + shown(text) + "\" is too long");
  }
  return text;
}

bool flag_in(const Value& value, const char* name, bool absent) {
  const Value* found = member(value, name);
  if (!is_set(found)) return absent;
  if (!found->IsBool()) fail(std::string(name) + " is not true or false");
  return found->GetBool();
}

std::optional<std::uint16_t> port_in(const Value& value) {
  const Value* found = member(value, "port");
  if (!is_set(found)) return std::nullopt;
  if (!found->IsUint() || found->GetUint() > 65535) {
    fail("port is not a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(found->GetUint());
}

void for_each_object(const Value& value, const char* name, Flaws& flaws,
                     const std::function<void(const Value&)>& visit) {
  flaws.guard([&] {
    const Value* const list = array_in(value, name);
    if (list == nullptr) return;
    for (const Value& item : list->GetArray()) {
      flaws.guard([&] {
        if (!item.IsObject()) {
          fail(std::string(name) + " holds something that is not a mapping");
        }
        visit(item);
      });
    }
  });
}

}  // namespace canopy::kube
