// Gradient descent on f(x) = (x1^2 + 4 x2^2) / 2 from the point (-2, -1).
export default {
  caption: {
    en: "Raise the learning rate η: above 1/4 the coordinate x₂ changes its sign at every step, and above 1/2 it grows.",
    zh: "调大学习率 η：超过 1/4，x₂ 每一步都变号；超过 1/2，它就越来越大。",
  },
  sliders: {
    eta: {
      name: { en: "learning rate η", zh: "学习率 η" },
      from: 0, to: 0.6, step: 0.01, start: 0.45,
    },
    k: { name: { en: "step k", zh: "步数 k" }, from: 0, to: 20, step: 1, start: 5 },
  },
  across: "k",
  vertical: { from: -2.5, to: 4.5 },
  curves: ["x₁", "x₂", "f(x)"],
  values({ eta, k }) {
    let [x1, x2] = [-2, -1];
    for (let step = 0; step < k; step++)
      [x1, x2] = [x1 - eta * x1, x2 - eta * 4 * x2];
    return [x1, x2, (x1 ** 2 + 4 * x2 ** 2) / 2];
  },
};
