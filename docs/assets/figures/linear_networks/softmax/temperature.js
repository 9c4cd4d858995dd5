// Softmax of the logits (1, 2, x3) after a division by the temperature.
export default {
  caption: {
    en: "Lower the temperature τ, and the largest logit takes everything, unless two are equal: move x₃ to 2 and see.",
    zh: "降低温度 τ，最大的 logit 就独占全部概率，除非有两个相等：把 x₃ 移到 2 看看。",
  },
  sliders: {
    tau: {
      name: { en: "temperature τ", zh: "温度 τ" },
      from: -2.5, to: 2, step: 0.025, start: 0, power: true,
    },
    x3: { name: "logit x₃", from: 0, to: 4, step: 0.1, start: 3 },
  },
  across: "tau",
  vertical: { name: "softmax(x / τ)ᵢ", from: -0.05, to: 1.05 },
  curves: ["p₃", "p₂", "p₁"],
  values({ tau, x3 }) {
    const logits = [x3, 2, 1];
    const largest = Math.max(...logits);
    const powers = logits.map((x) => Math.exp((x - largest) / tau));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  },
};
