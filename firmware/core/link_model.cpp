// SPDX-License-Identifier: MIT
// The requests of the link that bring a model.
#include <cstring>

#include "core/link.h"

namespace gritspace {

using protocol::ErrorCode;
using protocol::PacketType;

// With that the bench's time is over: the model that plays is to be heard.
size_t Link::BeginModel(size_t size) {
  protocol::BeginModel begin;
  if (!ReadPayload(size, &begin)) return Refuse(ErrorCode::kWrongSize);
  const ErrorCode error = upload_->Begin(begin);
  if (error != ErrorCode::kNone) return Refuse(error);
  live_->GoLive();
  session_ = Session::kNone;
  return TellModel(error);
}

size_t Link::TakeModelBytes(size_t size) {
  protocol::ModelBytes start;
  if (size < sizeof(start)) return Refuse(ErrorCode::kWrongSize);
  std::memcpy(&start, payload(), sizeof(start));
  return TellModel(upload_->Take(start.offset, payload() + sizeof(start), size - sizeof(start)));
}

size_t Link::TryModel(size_t size) {
  return size == 0 ? TellModel(upload_->Try()) : Refuse(ErrorCode::kWrongSize);
}

size_t Link::KeepModel(size_t size) {
  protocol::KeepModel keep;
  return ReadPayload(size, &keep) ? TellModel(upload_->Keep(keep.sector))
                                  : Refuse(ErrorCode::kWrongSize);
}

size_t Link::TellModel(ErrorCode error) {
  if (error != ErrorCode::kNone) return Refuse(error);
  const protocol::ModelIs model = upload_->Describe();
  return Reply(PacketType::kModelIs, &model, sizeof(model));
}

}  // namespace gritspace
