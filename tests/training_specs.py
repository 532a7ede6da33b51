"""Specs that several tests of training use."""

#: Two steps, each with its own parameters, and a gradient that passes through those of the other.
ADVERSARIAL = """\
model Net:
  input z: [B, 4]
  target real: [B, 6]
  generator g: Linear(16) -> ReLU -> Linear(6)
  critic c: Linear(16) -> LeakyReLU(0.2) -> Linear(1)
  output fake: z -> g
  loss on_real: real -> c -> BCELogits to 1
  loss on_fake: fake -> StopGrad -> c -> BCELogits to 0
  loss fool: fake -> c -> BCELogits to 1
  train c: on_real + on_fake
  train g: fool
  optimizer c: SGD(lr=0.05, momentum=0.9)
  optimizer g: Adam(lr=2e-3)
"""
