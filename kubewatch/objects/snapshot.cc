#include "kubewatch/objects/snapshot.h"

#include <openssl/evp.h>

#include <utility>

#include "kubewatch/objects/octets.h"

namespace canopy::kube {

namespace {

using Seconds = std::chrono::duration<double>;
using WallTime = std::chrono::system_clock::time_point;

constexpr std::string_view kTitle = "canopydns snapshot ";
constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kLeastLabel = 2;   // key, value
constexpr std::size_t kLeastObject = 2;  // name, octets
// Larger objects are skipped.  No API server stores such objects (etcd: 1.5 MiB
// of JSON, which is longer).  An unpacked object takes up to 24 times its
// octets.
constexpr std::size_t kMaxObject = 3 << 19;

std::string title() {
  return std::string(kTitle) + std::to_string(kSnapshotVersion) + "\n";
}

EVP_MD_CTX* evp(void* context) { return static_cast<EVP_MD_CTX*>(context); }

using Visit = std::function<void(Object&&)>;

Namespace read_namespace(OctetReader& in, const std::string& name) {
  Namespace ns{{"", name}, {}};
  for (std::size_t left = in.things(kLeastLabel); left > 0 && in.ok(); --left) {
    std::string key(in.text());
    ns.labels.emplace(std::move(key), in.text());
  }
  return ns;
}

void read_objects(OctetReader& in, ObjectKind kind, const std::string& ns,
                  const Visit& visit) {
  for (std::size_t left = in.things(kLeastObject); left > 0 && in.ok();
       --left) {
    std::string name(in.text());
    const std::string_view octets = in.text();
    if (octets.size() > kMaxObject) continue;
    const PackedObject packed(octets);
    if (!in.ok() || !is_packed(kind, packed)) return in.fail();
    if (visit) visit(unpack_object(kind, {ns, std::move(name)}, packed));
  }
}

// False when `octets` are not the output of snapshot_namespace() and
// snapshot_end().
bool read_all(std::string_view octets, const Visit& visit) {
  OctetReader in(octets);
  while (in.octet() == 1 && in.ok()) {
    const std::string ns(in.text());
    if (in.octet() == 1) {
      Namespace found = read_namespace(in, ns);
      if (visit && in.ok()) visit(std::move(found));
    }
    for (const ObjectKind kind : kAllKinds) {
      if (has_packed_form(kind)) read_objects(in, kind, ns, visit);
    }
  }
  return in.ok() && in.at_end();
}

// Returns "" if the title is valid.
std::string fault_of_title(const std::string& octets) {
  const std::string wanted = title();
  if (octets.starts_with(wanted)) return {};
  if (!octets.starts_with(kTitle)) return "it is not a snapshot";
  return "it is of another version of CanopyDNS";
}

bool has_its_digest(std::string_view octets) {
  if (octets.size() < kDigestSize) return false;
  Sha256 sum;
  sum.add(octets.substr(0, octets.size() - kDigestSize));
  return octets.substr(octets.size() - kDigestSize) == sum.digest();
}

}  // namespace

std::string snapshot_head(const SnapshotHead& head) {
  OctetWriter out;
  out.text(head.fingerprint);
  out.number(Seconds(head.written.time_since_epoch()).count());
  return title() + out.done();
}

std::string snapshot_namespace(const ObjectStore& store,
                               const std::string& ns) {
  OctetWriter out;
  out.octet(1);
  out.text(ns);
  const KubeLabels* labels = store.namespace_labels(ns);
  out.octet(labels != nullptr);
  if (labels != nullptr) {
    out.count(labels->size());
    for (const auto& [key, value] : *labels) {
      out.text(key);
      out.text(value);
    }
  }
  for (const ObjectKind kind : kAllKinds) {
    if (!has_packed_form(kind)) continue;
    out.count(store.count_in(ns, kind));
    store.for_each_packed(
        ns, kind, [&](const std::string& name, const PackedObject& object) {
          out.text(name);
          out.text(
              {reinterpret_cast<const char*>(object.data()), object.size()});
        });
  }
  return out.done();
}

std::string snapshot_end() { return std::string(1, '\0'); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(evp(context_), EVP_sha256(), nullptr);
}

Sha256::~Sha256() { EVP_MD_CTX_free(evp(context_)); }

void Sha256::add(std::string_view octets) {
  EVP_DigestUpdate(evp(context_), octets.data(), octets.size());
}

std::string Sha256::digest() {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(evp(context_), value, &size);
  return {reinterpret_cast<const char*>(value), size};
}

std::variant<Snapshot, std::string> Snapshot::parse(std::string octets) {
  std::string fault = fault_of_title(octets);
  if (!fault.empty()) return fault;
  if (!has_its_digest(octets)) {
    return std::string("it is truncated or corrupted: its checksum is wrong");
  }
  Snapshot snapshot;
  snapshot.octets_ = std::move(octets);
  const std::string_view all = snapshot.octets_;
  const std::size_t from = title().size();
  snapshot.size_ = all.size() - kDigestSize;
  OctetReader in(all.substr(from, snapshot.size_ - from));
  snapshot.head_.fingerprint = in.text();
  snapshot.head_.written = WallTime(
      std::chrono::duration_cast<WallTime::duration>(Seconds(in.number())));
  snapshot.objects_at_ = snapshot.size_ - in.left();
  if (!in.ok() || !read_all(all.substr(snapshot.objects_at_,
                                       snapshot.size_ - snapshot.objects_at_),
                            {})) {
    return std::string("its checksum is correct, but its content is invalid");
  }
  return snapshot;
}

void Snapshot::for_each(const Visit& visit) const {
  const std::string_view all = octets_;
  read_all(all.substr(objects_at_, size_ - objects_at_), visit);
}

}  // namespace canopy::kube
