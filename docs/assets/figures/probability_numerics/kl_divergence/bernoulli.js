// The KL divergence of p = (p1, 1 - p1) and q = (q1, 1 - q1), both ways, and JS.
const divergence = (p, q) =>
  p.reduce((sum, pi, i) => sum + (pi > 0 ? pi * Math.log(pi / q[i]) : 0), 0);

export default {
  caption: {
    en: "Move p₁ and q₁: all three are 0 where p = q; D(p‖q) is infinite where q rules out what p allows, D(q‖p) where p rules out what q allows.",
    zh: "移动 p₁ 和 q₁：p = q 时三者都是 0；q 排除了 p 允许的结果时，D(p‖q) 为无穷大，p 排除了 q 允许的结果时，D(q‖p) 为无穷大。",
  },
  sliders: {
    p1: { name: { en: "data p₁", zh: "数据 p₁" }, from: 0, to: 1, step: 0.005, start: 0.5 },
    q1: { name: { en: "model q₁", zh: "模型 q₁" }, from: 0, to: 1, step: 0.005, start: 0.9 },
  },
  across: "q1",
  vertical: { name: { en: "nats", zh: "奈特" }, from: -0.1, to: 2.1 },
  curves: ["D(p‖q)", "D(q‖p)", "JS(p, q)"],
  values({ p1, q1 }) {
    const [p, q] = [[p1, 1 - p1], [q1, 1 - q1]];
    const middle = p.map((pi, i) => (pi + q[i]) / 2);
    const js = (divergence(p, middle) + divergence(q, middle)) / 2;
    return [divergence(p, q), divergence(q, p), js];
  },
};
